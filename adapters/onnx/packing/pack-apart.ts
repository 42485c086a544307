/**
 * Packs in a process of its own: one that a bad graph may crash, and whose memory goes with it. Not a thread, which would
 * take the whole process along.
 */
import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PACKED_GRAPH, PACKED_WEIGHTS, REFUSED, SAMPLE } from "./packed-files.ts";
import type { VersionOnDisk } from "./store-packed.ts";

/** Models of a function take seconds; a graph that does not come to an end is no better than one that crashes. */
const AT_MOST_MILLIS = 120_000;

const SCRIPT = `
const [module, ...parts] = JSON.parse(process.env.FARTHING_PACKING);
const { storePacked } = await import(module);
await storePacked(...parts);
`;

/** As storePacked. Rejects when no process can be started. */
export async function packApart(version: VersionOnDisk, folder: string, temporary: string): Promise<void> {
  const { moduleUrl } = await import("./store-packed.ts");
  const { PATH, NODE_PATH, LD_LIBRARY_PATH } = process.env;
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", SCRIPT], {
    // No credentials: it reads and writes this disk only.
    env: {
      PATH,
      NODE_PATH,
      LD_LIBRARY_PATH,
      FARTHING_PACKING: JSON.stringify([moduleUrl, version, folder, temporary]),
    },
    stdio: "ignore",
    timeout: AT_MOST_MILLIS,
    killSignal: "SIGKILL",
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.once("error", reject).once("exit", (code, signal) => resolve(String(signal ?? code)));
  const end = await promise;
  if (end === "0") return;
  for (const file of [PACKED_GRAPH, PACKED_WEIGHTS, SAMPLE]) await rm(join(folder, file), { force: true });
  await writeFile(join(folder, REFUSED), `the process that tried it ended with ${end}`);
}
