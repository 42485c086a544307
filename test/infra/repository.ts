import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Absolute path of the repository. */
export const ROOT = resolve(import.meta.dirname, "../..");

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
