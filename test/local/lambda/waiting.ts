/** Resolves when the condition holds; fails the test when it does not within ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000 && !condition(); attempt++) await pause(10);
  expect(condition()).toBe(true);
}

export const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

/** Whether a process exists that is not a zombie of this one. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
