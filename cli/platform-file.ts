/** `<state>/platform.json`: how other commands find the platform that runs here. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface PlatformFile {
  readonly environment: string;
  readonly pid: number;
  readonly url: string;
  readonly awsEndpointUrl: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export const stateDirectoryOf = (environment: string): string => join(".farthing", environment);

const pathIn = (stateDirectory: string): string => join(stateDirectory, "platform.json");

export function writePlatformFile(stateDirectory: string, platform: PlatformFile): void {
  writeAtomically(pathIn(stateDirectory), platform);
}

export const removePlatformFile = (stateDirectory: string): void => rmSync(pathIn(stateDirectory), { force: true });

/** Undefined when no platform runs from that state. */
export function runningPlatform(stateDirectory: string): PlatformFile | undefined {
  let platform: PlatformFile;
  try {
    platform = JSON.parse(readFileSync(pathIn(stateDirectory), "utf8")) as PlatformFile;
  } catch {
    return undefined;
  }
  return isAlive(platform.pid) ? platform : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whoever waits for the file never reads half of it. */
export function writeAtomically(path: string, value: unknown): void {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, path);
}
