/** `<state>/platform.json`: how other commands find the platform that runs here. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./process-alive.ts";
import { writeAtomically } from "./write-atomically.ts";

export interface PlatformFile {
  readonly environment: string;
  readonly pid: number;
  readonly url: string;
  readonly awsEndpointUrl: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const pathIn = (stateDirectory: string): string => join(stateDirectory, "platform.json");

export const writePlatformFile = (stateDirectory: string, platform: PlatformFile): void =>
  writeAtomically(pathIn(stateDirectory), platform);

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
