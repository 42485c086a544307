/**
 * One function's code as a folder: `index.mjs`, the parts that only some requests need, in modules of their own, and what the
 * code reads beside it. Bundled once for a synthesis, however many deployments share it. Source maps stay in the build folder,
 * named by the bundle's hash: shipped, they would weigh on the package; there, they still decode a stack trace of exactly
 * that bundle.
 */
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { buildSync } from "esbuild";

export interface FunctionBundle {
  /** Absolute; holds `index.mjs`, its parts, its assets and the licence comments of what was bundled. */
  readonly directory: string;
  /** Absolute; a source map for each module. */
  readonly sourceMapDirectory: string;
  /** SHA-256 over the files. */
  readonly contentHash: string;
}

/** Code and source maps of the last ten bundles. */
const KEPT_FOLDERS = 20;
/** Found in the layer at run time, by createRequire: ES modules do not resolve through NODE_PATH. */
const FROM_LAYER = ["onnxruntime-node"];

/** Read at run time from beside `index.mjs`, on first use, so that no cold start pays for them: decode-jpeg.ts. */
const ASSETS = ["@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"];

/** `entry` relative to `root`. Throws an Error with esbuild's messages when it does not compile. */
export function bundleFunction(root: string, entry: string, buildDirectory: string): FunctionBundle {
  if (!existsSync(resolve(root, entry))) throw new Error(`${entry} does not exist below ${root}`);
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: root,
    entryNames: "index",
    chunkNames: "part-[hash]",
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    // What is imported dynamically is read when it is first needed, not at every cold start.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // ES module builds where a package has both: they need no shim for `require` and lose what is not used.
    mainFields: ["module", "main"],
    minify: true,
    sourcemap: "external",
    legalComments: "external",
    external: FROM_LAYER,
    logLevel: "silent",
  });
  const built = outputFiles.map(({ path, contents }) => ({ name: path.slice(root.length + 1), contents }));
  const { resolve: locate } = createRequire(import.meta.url);
  const assets = ASSETS.map((path) => ({ name: basename(path), contents: readFileSync(locate(path)) }));
  const shipped = [...built, ...assets].filter(({ name }) => !name.endsWith(".map"));
  const sourceMaps = built.filter(({ name }) => name.endsWith(".map"));
  const contentHash = hash(
    "sha256",
    shipped.map(({ name, contents }) => `${name}\0${hash("sha256", contents)}\n`).join(""),
  );
  const directory = join(buildDirectory, contentHash.slice(0, 16));
  if (!existsSync(directory)) {
    forgetOldBundles(buildDirectory);
    writeOnce(directory, shipped);
  }
  const sourceMapDirectory = `${directory}.maps`;
  if (!existsSync(sourceMapDirectory)) writeOnce(sourceMapDirectory, sourceMaps);
  return { directory, sourceMapDirectory, contentHash };
}

/** Each change of the code leaves a bundle behind; who develops for a month would collect thousands. */
function forgetOldBundles(buildDirectory: string): void {
  if (!existsSync(buildDirectory)) return;
  const aged = readdirSync(buildDirectory)
    .map((name) => join(buildDirectory, name))
    .map((path) => ({ path, modifiedMillis: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.modifiedMillis - a.modifiedMillis);
  for (const { path } of aged.slice(KEPT_FOLDERS)) rmSync(path, { recursive: true, force: true });
}

/** A half-written folder must never be found by another synthesis. */
function writeOnce(
  directory: string,
  files: readonly { readonly name: string; readonly contents: Uint8Array }[],
): void {
  mkdirSync(dirname(directory), { recursive: true });
  const draft = mkdtempSync(`${directory}.`);
  // mkdtemp makes folders for their owner alone; Lambda reads as somebody else.
  chmodSync(draft, 0o755);
  for (const { name, contents } of files) writeFileSync(join(draft, name), contents, { mode: 0o644 });
  try {
    renameSync(draft, directory);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}
