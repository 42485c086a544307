import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockState } from "../../../cli/up/lock.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "farthing-lock-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));
const file = () => join(state, "lock");

test("is held by one at a time, and free again after its release", async () => {
  const lock = await lockState(state);
  expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid });
  await expect(lockState(state)).rejects.toThrow(`another platform (process ${process.pid}) runs from ${state}`);
  lock.release();
  expect(existsSync(file())).toBe(false);
  (await lockState(state)).release();
});

test("of a process that has ended is taken over", async () => {
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await once(child, "exit");
  writeFileSync(file(), JSON.stringify({ pid: child.pid }));
  (await lockState(state)).release();
});

test("of a living process is respected", async () => {
  writeFileSync(file(), JSON.stringify({ pid: process.ppid }));
  await expect(lockState(state)).rejects.toThrow(`kill ${process.ppid}`);
});

test("whose process number was given to another process since is taken over", async () => {
  writeFileSync(file(), JSON.stringify({ pid: process.ppid, started: "another boot 123" }));
  (await lockState(state)).release();
});

test("that is no lock at all is taken over", async () => {
  writeFileSync(file(), "");
  (await lockState(state)).release();
});

test("of a process that is stopping is waited for", async () => {
  const first = await lockState(state);
  first.stopping();
  let taken = false;
  const next = lockState(state).then((lock) => {
    taken = true;
    return lock;
  });
  await sleep(150);
  expect(taken).toBe(false);
  first.release();
  (await next).release();
});
