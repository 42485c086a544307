import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type SourceWatcher, watchSources } from "../../../cli/up/source-watcher.ts";

let root: string;
let watcher: SourceWatcher | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "farthing-watch-"));
  mkdirSync(join(root, "functions/inference"), { recursive: true });
  mkdirSync(join(root, "core"));
});
afterEach(() => {
  watcher?.close();
  rmSync(root, { recursive: true, force: true });
});

/** A signal that can be awaited each time it is given. */
function counter() {
  let count = 0;
  let wake: () => void = () => undefined;
  return {
    count: () => count,
    hit: () => {
      count++;
      wake();
    },
    async reaches(wanted: number) {
      while (count < wanted) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

test("a burst of changes is one call; the next burst another", async () => {
  const calls = counter();
  watcher = watchSources(root, async () => calls.hit());
  for (let i = 0; i < 5; i++) writeFileSync(join(root, `functions/inference/part${i}.ts`), "export {};");
  await calls.reaches(1);
  await sleep(400);
  expect(calls.count()).toBe(1);
  writeFileSync(join(root, "core/new.ts"), "export {};");
  await calls.reaches(2);
});

test("a replaced configuration file counts, and goes on counting", async () => {
  const calls = counter();
  watcher = watchSources(root, async () => calls.hit());
  for (const turn of [1, 2]) {
    writeFileSync(join(root, "config.tmp"), `export default ${turn};`);
    renameSync(join(root, "config.tmp"), join(root, "farthing.config.ts"));
    await calls.reaches(turn);
  }
});

test("calls never overlap; what changes meanwhile leads to one more", async () => {
  const starts = counter();
  let running = 0;
  let most = 0;
  let release: () => void = () => undefined;
  watcher = watchSources(root, async () => {
    most = Math.max(most, ++running);
    starts.hit();
    await new Promise<void>((resolve) => (release = resolve));
    running--;
  });
  writeFileSync(join(root, "core/a.ts"), "1");
  await starts.reaches(1);
  writeFileSync(join(root, "core/a.ts"), "2");
  await sleep(300);
  writeFileSync(join(root, "core/a.ts"), "3");
  await sleep(300);
  expect(starts.count()).toBe(1);
  release();
  await starts.reaches(2);
  release();
  await sleep(400);
  expect({ starts: starts.count(), most }).toEqual({ starts: 2, most: 1 });
});

test("other files do not count, and nothing is said after close", async () => {
  const calls = counter();
  watcher = watchSources(root, async () => calls.hit());
  writeFileSync(join(root, "core/notes.md"), "words");
  writeFileSync(join(root, "core/.a.ts.swp"), "editor");
  writeFileSync(join(root, "README.md"), "words");
  await sleep(400);
  expect(calls.count()).toBe(0);
  watcher.close();
  writeFileSync(join(root, "core/a.ts"), "1");
  await sleep(400);
  expect(calls.count()).toBe(0);
});
