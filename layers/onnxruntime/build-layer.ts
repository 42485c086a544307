/**
 * Copies the layer's files into a folder named by their contents, so that the next synthesis finds it. Two builds at once
 * do no harm: each works in a folder of its own and the first to finish is kept.
 */
import { createHash, hash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LayerPlatform } from "./contents.ts";
import { findSources, type SourceFile } from "./package-sources.ts";
import { checkSizeBudget } from "./size-budget.ts";

export interface BuiltLayer {
  /** Absolute; holds `nodejs/node_modules/…`. */
  readonly directory: string;
  /** SHA-256 over paths, modes and contents: the same on every machine that has the same packages. */
  readonly contentHash: string;
  readonly bytes: number;
  readonly version: string;
}

/** A zip keeps modes, so the umask of whoever builds would else change the layer. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

/** Throws an Error when the packages are not as expected or the layer is over its budget. */
export function buildLayer(target: LayerPlatform, buildDirectory: string): BuiltLayer {
  const { version, files } = findSources(target);
  checkSizeBudget(target, files);
  const contentHash = hashOf(files);
  const directory = join(buildDirectory, `${target.platform}-${target.arch}-${contentHash.slice(0, 16)}`);
  if (!existsSync(directory)) fillFolder(directory, files);
  return { directory, contentHash, bytes: files.reduce((sum, file) => sum + file.bytes, 0), version };
}

function hashOf(files: readonly SourceFile[]): string {
  const content = createHash("sha256");
  for (const { path, source } of files) {
    content.update(`${path}\0${FILE_MODE}\0${hash("sha256", readFileSync(source))}\n`);
  }
  return content.digest("hex");
}

function fillFolder(directory: string, files: readonly SourceFile[]): void {
  mkdirSync(dirname(directory), { recursive: true });
  const draft = mkdtempSync(`${directory}.`);
  chmodSync(draft, FOLDER_MODE);
  for (const { path, source } of files) {
    const destination = join(draft, path);
    mkdirSync(dirname(destination), { recursive: true, mode: FOLDER_MODE });
    copyFileSync(source, destination);
    chmodSync(destination, FILE_MODE);
  }
  try {
    renameSync(draft, directory);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}
