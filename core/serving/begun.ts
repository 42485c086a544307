/**
 * The same stream, once its first element is there: what fails before can still be answered with a status of its own. Like
 * any generator's, it can be read once.
 */
export async function begun<T>(elements: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = elements[Symbol.asyncIterator]();
  let first: IteratorResult<T> | undefined = await iterator.next();
  const reader: AsyncIterator<T> = {
    async next() {
      if (first === undefined) return iterator.next();
      const result = first;
      first = undefined;
      return result;
    },
    async return() {
      await iterator.return?.();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => reader };
}
