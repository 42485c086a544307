import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Third-party models and data sets lie outside the repository; tests that need them skip, and say so, where they are absent. */
export const SHARED_DATA = process.env.FARTHING_SHARED_DATA ?? resolve(import.meta.dirname, "../../shared/data");

/** `describe`, or `describe.skip` with the reason in the title when `path` of the shared data is absent. */
export function describeWithData(path: string, title: string, suite: (folder: string) => void): void {
  const folder = join(SHARED_DATA, path);
  if (existsSync(folder)) describe(title, () => suite(folder));
  else describe.skip(`${title} (skipped: no ${path} below FARTHING_SHARED_DATA)`, () => suite(folder));
}
