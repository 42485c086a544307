/** The output of the CDK app, as files: which stacks, which templates, which assets. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { StackTemplate, Template } from "./template.ts";

export interface CloudAssembly {
  readonly directory: string;
  /** In the order in which they depend on each other. */
  readonly stacks: readonly StackTemplate[];
  /** Object key in the bootstrap bucket → path of the asset (a directory or a file). */
  readonly assets: ReadonlyMap<string, string>;
}

interface AssemblyManifest {
  readonly artifacts: Readonly<Record<string, Artifact>>;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
  readonly dependencies?: readonly string[];
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/** Throws an Error that names the file which is absent or is not what the CDK writes. */
export function readCloudAssembly(directory: string): CloudAssembly {
  const { artifacts } = readJson<AssemblyManifest>(directory, "manifest.json");
  const stacks: StackTemplate[] = [];
  const assets = new Map<string, string>();
  const done = new Set<string>();
  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (artifact === undefined || done.has(id)) return;
    done.add(id);
    for (const dependency of artifact.dependencies ?? []) visit(dependency);
    const { templateFile, stackName, file } = artifact.properties ?? {};
    if (artifact.type === "aws:cloudformation:stack" && templateFile !== undefined) {
      stacks.push({ name: stackName ?? id, template: readJson<Template>(directory, templateFile) });
    }
    if (artifact.type === "cdk:asset-manifest" && file !== undefined) {
      for (const asset of Object.values(readJson<AssetManifest>(directory, file).files ?? {})) {
        for (const { objectKey } of Object.values(asset.destinations)) {
          if (asset.source.path !== undefined) assets.set(objectKey, resolve(directory, asset.source.path));
        }
      }
    }
  };
  for (const id of Object.keys(artifacts)) visit(id);
  if (stacks.length === 0) throw new Error(`${directory} holds no stack: is it the output of a CDK app?`);
  return { directory, stacks, assets };
}

function readJson<T>(directory: string, file: string): T {
  const path = join(directory, file);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
