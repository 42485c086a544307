/** Finds what the layer is made of: the installed npm packages, and the licence notices beside this file. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { type LayerPackage, type LayerPlatform, NOTICES, NOTICES_OF_VERSION, PACKAGES } from "./contents.ts";

export interface SourceFile {
  /** Absolute. */
  readonly source: string;
  /** Path in the layer, `/`-separated. */
  readonly path: string;
  readonly bytes: number;
}

export interface LayerSources {
  readonly version: string;
  /** By path. */
  readonly files: readonly SourceFile[];
}

const NOTICES_DIRECTORY = join(import.meta.dirname, "notices");

/** Throws an Error that says what is missing and what there is. */
export function findSources(target: LayerPlatform): LayerSources {
  const directories = packageDirectories();
  const version = versionOf(directories["onnxruntime-node"]);
  const commonVersion = versionOf(directories["onnxruntime-common"]);
  if (version !== commonVersion) {
    throw new Error(`onnxruntime-node ${version} and onnxruntime-common ${commonVersion} differ: run npm ci`);
  }
  if (version !== NOTICES_OF_VERSION) {
    throw new Error(
      `onnxruntime-node is ${version}, but layers/onnxruntime/notices are of ${NOTICES_OF_VERSION}: put there the LICENSE and ThirdPartyNotices.txt of ${version} and set NOTICES_OF_VERSION in contents.ts`,
    );
  }
  checkPlatform(directories["onnxruntime-node"], target);
  const files = (Object.keys(PACKAGES) as LayerPackage[]).flatMap((name) => [
    ...filesBelow(directories[name])
      .filter((path) => PACKAGES[name].isShipped(path, target))
      .map((path) => sourceFile(join(directories[name], path), `${layerFolder(name)}/${path}`)),
    ...NOTICES.map((notice) => sourceFile(join(NOTICES_DIRECTORY, notice), `${layerFolder(name)}/${notice}`)),
  ]);
  const byPath = new Map(files.map((file) => [file.path, file]));
  return { version, files: [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** Lambda puts a layer at /opt and /opt/nodejs/node_modules on NODE_PATH: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html */
const layerFolder = (name: LayerPackage): string => `nodejs/node_modules/${name}`;

function packageDirectories(): Record<LayerPackage, string> {
  const node = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const commonEntry = createRequire(join(node, "package.json")).resolve("onnxruntime-common");
  const marker = join("node_modules", "onnxruntime-common");
  return {
    "onnxruntime-node": node,
    "onnxruntime-common": commonEntry.slice(0, commonEntry.lastIndexOf(marker) + marker.length),
  };
}

function versionOf(directory: string): string {
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string };
  return version;
}

function checkPlatform(directory: string, { platform, arch }: LayerPlatform): void {
  const binaries = join(directory, "bin", "napi-v6");
  if (existsSync(join(binaries, platform, arch, "onnxruntime_binding.node"))) return;
  const available = filesBelow(binaries)
    .filter((path) => path.endsWith(".node"))
    .map((path) => dirname(path).replace("/", "-"));
  throw new Error(`onnxruntime-node has no build for ${platform}-${arch}; it has ${available.join(", ")}`);
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .split(sep)
        .join("/"),
    );

const sourceFile = (source: string, path: string): SourceFile => ({ source, path, bytes: statSync(source).size });
