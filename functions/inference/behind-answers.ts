/** What is still being written when an answer is complete. */
export interface BehindAnswers {
  /** `work` never rejects. */
  add(work: Promise<unknown>): void;
  /** Resolves when all of it is done, and what it led to; undefined when there is none. */
  settled(): Promise<unknown> | undefined;
}

export function createBehindAnswers(): BehindAnswers {
  const pending = new Set<Promise<unknown>>();

  async function drained(): Promise<void> {
    while (pending.size > 0) await Promise.all(pending);
  }

  return {
    add(work) {
      pending.add(work);
      work.then(() => pending.delete(work));
    },
    settled: () => (pending.size === 0 ? undefined : drained()),
  };
}
