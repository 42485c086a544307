import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const OWNER_ONLY = 0o700;
const OTHERS = 0o077;

/**
 * Where code is copied to and run from: outside the repository, so that no bundle finds its packages, and the same for the
 * same state, so that a warm start copies nothing. Throws an Error when somebody else could write there.
 */
export function workDirectoryOf(stateDirectory: string): string {
  const { uid } = userInfo();
  const own = join(tmpdir(), `farthing-${uid}`);
  mkdirSync(own, { recursive: true, mode: OWNER_ONLY });
  const stats = lstatSync(own);
  // On Windows uid is -1 and modes mean nothing; the temporary directory is the user's own there.
  if (uid >= 0 && (!stats.isDirectory() || stats.uid !== uid || (stats.mode & OTHERS) !== 0)) {
    throw new Error(`${own} must be a directory that belongs to you and is closed to others: remove it, or set TMPDIR`);
  }
  const directory = join(own, createHash("sha256").update(stateDirectory).digest("hex").slice(0, 16));
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY });
  return directory;
}
