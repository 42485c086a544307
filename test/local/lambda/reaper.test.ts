import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, until } from "./waiting.ts";

const HARNESS = join(import.meta.dirname, "running-lambda.ts");

/** A platform of its own, so that it can be killed: prints the pids of a frozen and of a busy environment. */
const PLATFORM = `
import { startLambda } from ${JSON.stringify(HARNESS)};
const running = await startLambda();
const frozen = await running.addFunction("faults", { FunctionName: "frozen" });
const busy = await running.addFunction("faults", { FunctionName: "busy", Timeout: 60 });
const pid = async (name) => (await running.invoke(name, { fault: "none" })).json.pid;
const pids = [await pid(frozen), await pid(busy)];
void running.invoke(busy, { fault: "spin" });
setTimeout(() => process.stdout.write(JSON.stringify({ pids, folder: running.context.stateDirectory }) + "\\n"), 200);
`;

test("a platform that is killed takes its environments with it, the frozen and the busy", async () => {
  const folder = mkdtempSync(join(tmpdir(), "farthing-platform-"));
  mkdirSync(folder, { recursive: true });
  const script = join(folder, "platform.mjs");
  writeFileSync(script, PLATFORM);
  const platform = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [output] = (await once(platform.stdout, "data")) as [Buffer];
    const { pids, folder: state } = JSON.parse(output.toString("utf8")) as { pids: number[]; folder: string };
    expect(pids.map(isAlive)).toEqual([true, true]);
    platform.kill("SIGKILL");
    await until(() => pids.every((pid) => !isAlive(pid)));
    rmSync(state, { recursive: true, force: true });
  } finally {
    platform.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
