/**
 * One of several processes does a piece of work, the others wait for it. Only saves work: whoever gives up waiting does it
 * again, and no harm is done.
 */
import { mkdir, rename, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MILLIS = 20;
const RENEWED_EVERY_MILLIS = 1_000;
/** Longer than a thread is held up by a model that it loads meanwhile, and the renewal with it. */
const ABANDONED_AFTER_MILLIS = 15_000;

/**
 * `path`: a folder that stands for the work. Runs `work` when nobody else is at it; otherwise waits until that has ended, and
 * runs `work` then: it is to look first whether anything is left to do.
 */
export async function inTurn<T>(path: string, now: () => number, work: () => Promise<T>): Promise<T> {
  while (!(await taken(path))) {
    if (await isAbandoned(path, now)) await takeAway(path);
    else await sleep(LOOK_MILLIS);
  }
  const renewal = setInterval(() => utimes(path, now() / 1_000, now() / 1_000).catch(() => {}), RENEWED_EVERY_MILLIS);
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await rm(path, { recursive: true, force: true });
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isAbandoned(path: string, now: () => number): Promise<boolean> {
  const modified = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return modified !== undefined && now() - modified > ABANDONED_AFTER_MILLIS;
}

/** By a rename, which only one of several can do. */
async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await rename(path, aside).catch(() => {});
  await rm(aside, { recursive: true, force: true });
}
