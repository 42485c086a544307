import { execFile } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { createFolderCache } from "../../../adapters/disk-cache/folder-cache.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-test-disk-cache-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newDirectory = (): string => mkdtempSync(join(root, "cache-"));

function cacheOf(directory: string, maxBytes = 1_000_000) {
  const fills: string[] = [];
  const failures: unknown[] = [];
  let time = Date.now();
  const options = {
    directory,
    maxBytes,
    // Each look is a while after the last: what was used last is known by the time of its file.
    now: () => {
      time += 10;
      return time;
    },
    onFailed: (error: unknown) => failures.push(error),
  };
  const cache = createFolderCache(options);
  const make = (name: string, content = name) =>
    cache.findOrMake({
      name,
      bytes: content.length,
      async fill(folder) {
        fills.push(name);
        writeFileSync(join(folder, "content"), content);
      },
    });
  return { cache, make, fills, failures };
}

test("an entry is made once, and found by whoever comes later", async () => {
  const directory = newDirectory();
  const { make, fills } = cacheOf(directory);
  const folders = await Promise.all([make("a"), make("a"), make("b")]);
  expect(folders.map((folder) => readFileSync(join(folder ?? "", "content"), "utf8"))).toEqual(["a", "a", "b"]);
  expect(fills.sort()).toEqual(["a", "b"]);
  const later = cacheOf(directory);
  expect(await later.make("a")).toBe(folders[0]);
  expect(await later.cache.find("c")).toBeUndefined();
  expect(later.fills).toEqual([]);
});

test("of several processes one does the work", async () => {
  const directory = newDirectory();
  const module = join(import.meta.dirname, "../../../adapters/disk-cache/folder-cache.ts");
  const script = `
    import { writeFileSync } from "node:fs";
    import { createFolderCache } from ${JSON.stringify(module)};
    let filled = 0;
    const cache = createFolderCache({ directory: ${JSON.stringify(directory)}, maxBytes: 1e6, now: Date.now, onFailed(error) { throw error; } });
    await cache.findOrMake({ name: "a", bytes: 1, async fill(folder) {
      filled++;
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(folder + "/content", "a");
    } });
    process.stdout.write(String(filled));`;
  const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  const counts = await Promise.all([run(), run(), run(), run()]);
  expect(counts.map(({ stdout }) => stdout).sort()).toEqual(["0", "0", "0", "1"]);
});

const damages: Readonly<Record<string, (folder: string) => void>> = {
  "a file that was written to": (folder) => writeFileSync(join(folder, "content"), "b"),
  "a file that was cut": (folder) => writeFileSync(join(folder, "content"), ""),
  "a file that is gone": (folder) => rmSync(join(folder, "content")),
  "a seal that is garbage": (folder) => writeFileSync(join(folder, "seal.json"), "{"),
  "bits that changed without a trace, after the machine was started anew": (folder) => {
    const { atime, mtime } = statSync(join(folder, "content"));
    writeFileSync(join(folder, "content"), "b");
    utimesSync(join(folder, "content"), atime, mtime);
    sealOfAnotherBoot(folder);
  },
};

function sealOfAnotherBoot(folder: string): void {
  const path = join(folder, "seal.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), boot: "another" }));
}

test.each(Object.keys(damages))("%s: the entry is made anew", async (damage) => {
  const { make, fills, cache } = cacheOf(newDirectory());
  const folder = (await make("a")) ?? "";
  damages[damage]?.(folder);
  expect(await cache.find("a")).toBeUndefined();
  expect(existsSync(folder)).toBe(false);
  expect(await make("a")).toBe(folder);
  expect(readFileSync(join(folder, "content"), "utf8")).toBe("a");
  expect(fills).toEqual(["a", "a"]);
});

test("after the machine was started anew, files are compared once with their digests", async () => {
  const { make, cache } = cacheOf(newDirectory());
  const folder = (await make("a")) ?? "";
  const { boot } = JSON.parse(readFileSync(join(folder, "seal.json"), "utf8"));
  sealOfAnotherBoot(folder);
  expect(await cache.find("a")).toBe(folder);
  expect(JSON.parse(readFileSync(join(folder, "seal.json"), "utf8")).boot).toBe(boot);
});

test("what `fill` throws reaches whoever asked, and leaves nothing behind", async () => {
  const directory = newDirectory();
  const { cache, failures } = cacheOf(directory);
  const fill = async () => {
    throw new Error("the store is down");
  };
  await expect(cache.findOrMake({ name: "a", bytes: 1, fill })).rejects.toThrow("the store is down");
  expect([readdirSync(join(directory, "entries")), readdirSync(join(directory, "work"))]).toEqual([[], []]);
  expect(readdirSync(join(directory, "claims"))).toEqual([]);
  expect(failures).toEqual([]);
});

test("a disk that cannot be written to costs the entry, no more, and is reported", async () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  const { make, failures } = cacheOf(join(file, "below"));
  expect(await make("a")).toBeUndefined();
  expect(failures).toMatchObject([{ code: "ENOTDIR" }]);
});

test("whose maker was killed is made by the next one", async () => {
  const directory = newDirectory();
  const { make } = cacheOf(directory);
  await make("a");
  const claim = join(directory, "claims", "b");
  writeFileSync(claim, "");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(claim, longAgo, longAgo);
  expect(await make("b")).toBe(join(directory, "entries", "b"));
});

test("it never holds more than it may, keeps what was used last, and hands out what was made", async () => {
  const MAX_BYTES = 2_000;
  const step = fc.record({ name: fc.constantFrom("a", "b", "c", "d", "e"), kind: fc.constantFrom("make", "drop") });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const directory = newDirectory();
      const { cache, make } = cacheOf(directory, MAX_BYTES);
      for (const { name, kind } of steps) {
        if (kind === "drop") await cache.drop(name);
        else {
          const content = name.repeat(600);
          const folder = await make(name, content);
          expect(readFileSync(join(folder ?? "", "content"), "utf8")).toBe(content);
        }
        const held = existsSync(join(directory, "entries")) ? readdirSync(join(directory, "entries")) : [];
        expect(held.length * 600).toBeLessThanOrEqual(MAX_BYTES);
      }
    }),
    { numRuns: 15 },
  );
});

test("the one that was not used for longest goes", async () => {
  const { make, cache } = cacheOf(newDirectory(), 2_000);
  await make("a", "a".repeat(700));
  await make("b", "b".repeat(700));
  await make("a", "a".repeat(700));
  await make("c", "c".repeat(700));
  expect(await cache.find("a")).toBeDefined();
  expect(await cache.find("b")).toBeUndefined();
});

test("what is larger than all the room is not kept", async () => {
  const { make, fills } = cacheOf(newDirectory(), 10);
  expect(await make("a", "a".repeat(11))).toBeUndefined();
  expect(fills).toEqual([]);
});
