import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** Who may import whom: the arrows of docs/architecture.md, proven for every file. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: ["core"],
  adapters: ["adapters", "core"],
  functions: ["functions", "adapters", "core"],
  layers: ["layers"],
  infra: ["infra", "core"],
  local: ["local", "core"],
  cli: ["cli", "local", "adapters", "core"],
  bench: ["bench", "adapters", "core"],
};

/** The CDK app names functions and layers by path only; its configuration file is the root's one module. */
const ROOT_MODULES = new Set(["farthing.config.ts"]);

/** Core decides; it does not reach for the world. */
const FORBIDDEN_IN_CORE = [
  {
    pattern:
      /from "(?:@aws-sdk|@smithy|aws-cdk-lib|onnxruntime|node:(?:fs|http|https|net|child_process|worker_threads))/,
    what: "I/O library",
  },
  { pattern: /\bprocess\.env\b/, what: "process.env" },
  { pattern: /\bDate\.now\(\)|\bnew Date\(\)|\bperformance\.now\(\)/, what: "the clock" },
  { pattern: /\bMath\.random\(\)|\brandomUUID\(|\brandomBytes\(/, what: "randomness" },
  { pattern: /\bconsole\./, what: "printing" },
];

const root = resolve(import.meta.dirname, "..");
const folders = Object.keys(MAY_IMPORT);
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.{ts,mts,mjs}`, { cwd: root }));
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

function relativeImports(file: string): string[] {
  const source = sources.get(file) ?? "";
  const specifiers = [...source.matchAll(/(?:from\s+|import\s*\(\s*|^import\s+)"(\.{1,2}\/[^"]+)"/gm)].map(
    (match) => match[1] as string,
  );
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

test("there is something to check", () => {
  expect(files.length).toBeGreaterThan(10);
});

test("every import follows an allowed arrow", () => {
  const wrong = files.flatMap((file) => {
    const from = file.split("/")[0] as string;
    return relativeImports(file)
      .filter(
        (target) =>
          !MAY_IMPORT[from]?.includes(target.split("/")[0] as string) &&
          !(from === "infra" && ROOT_MODULES.has(target)),
      )
      .map((target) => `${file} → ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("core touches no I/O, clock, randomness, environment or console", () => {
  const wrong = files
    .filter((file) => file.startsWith("core/"))
    .flatMap((file) => {
      const code = (sources.get(file) ?? "").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return FORBIDDEN_IN_CORE.filter(({ pattern }) => pattern.test(code)).map(({ what }) => `${file}: ${what}`);
    });
  expect(wrong).toEqual([]);
});

test("no import cycle", () => {
  const cycles: string[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const target of relativeImports(file)) if (sources.has(target)) visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test("no drawers: every file and folder says what it holds", () => {
  const drawers = files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|shared)(\.[a-z]+$|\/)/.test(file));
  expect(drawers).toEqual([]);
});

test("local loads built bundles, never the functions themselves", () => {
  const wrong = files.filter(
    (file) => file.startsWith("local/") && /["'`](?:\.\.\/)*functions\//.test(sources.get(file) ?? ""),
  );
  expect(wrong).toEqual([]);
});
