/**
 * One function's code as a folder with one ES module, `index.mjs`. Bundled once for a synthesis, however many
 * deployments share it. The source map stays in the build folder, named by the bundle's hash: shipped, it would be read
 * at each cold start; there, it still decodes a stack trace of exactly that bundle.
 */
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { buildSync } from "esbuild";

export interface FunctionBundle {
  /** Absolute; holds `index.mjs` and the licence comments of what was bundled. */
  readonly directory: string;
  /** SHA-256 over the files. */
  readonly contentHash: string;
}

/** A folder and a source map for each of the last ten bundles. */
const KEPT_FILES = 20;
/** Found in the layer at run time, by createRequire: ES modules do not resolve through NODE_PATH. */
const FROM_LAYER = ["onnxruntime-node"];

/** `entry` relative to `root`. Throws an Error with esbuild's messages when it does not compile. */
export function bundleFunction(root: string, entry: string, buildDirectory: string): FunctionBundle {
  if (!existsSync(resolve(root, entry))) throw new Error(`${entry} does not exist below ${root}`);
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: "index.mjs",
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // ES module builds where a package has both: they need no shim for `require` and lose what is not used.
    mainFields: ["module", "main"],
    minify: true,
    // Error and class names are read in logs.
    keepNames: true,
    sourcemap: "external",
    legalComments: "external",
    external: FROM_LAYER,
    logLevel: "silent",
  });
  const shipped = outputFiles
    .map(({ path, contents }) => ({ name: path.slice(root.length + 1), contents }))
    .filter(({ name }) => !name.endsWith(".map"));
  const sourceMap = outputFiles.find(({ path }) => path.endsWith(".map"));
  const contentHash = hash(
    "sha256",
    shipped.map(({ name, contents }) => `${name}\0${hash("sha256", contents)}\n`).join(""),
  );
  const directory = join(buildDirectory, contentHash.slice(0, 16));
  if (!existsSync(directory)) {
    forgetOldBundles(buildDirectory);
    writeOnce(directory, shipped);
  }
  if (sourceMap !== undefined) writeFileSync(`${directory}.map`, sourceMap.contents);
  return { directory, contentHash };
}

/** Each change of the code leaves a bundle behind; who develops for a month would collect thousands. */
function forgetOldBundles(buildDirectory: string): void {
  if (!existsSync(buildDirectory)) return;
  const aged = readdirSync(buildDirectory)
    .map((name) => join(buildDirectory, name))
    .map((path) => ({ path, modifiedMillis: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.modifiedMillis - a.modifiedMillis);
  for (const { path } of aged.slice(KEPT_FILES)) rmSync(path, { recursive: true, force: true });
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
