/**
 * The cloud assemblies of every variant, synthesised once for all test files and kept for the next run while nothing that
 * they are made of has changed.
 */
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Template } from "../../core/pricing/deployment-cost.ts";
import { ROOT, readJson } from "./repository.ts";

const KEPT = join(ROOT, ".farthing/test-assemblies");
const MAX_RUN_IN_MILLIS = 15 * 60_000;
const SOURCES = ["{infra,layers,core,adapters,functions,test/infra}/**/*.{ts,json}", "*.{json,ts}"];

/** Made when this file is imported: no test's time limit counts it, and a failure is met once. */
const ASSEMBLIES = synthesise();

export interface Assembly {
  /** Absolute path of the cloud assembly. */
  readonly directory: string;
  /** `data`, `models` or `api` → its template. */
  readonly templates: Readonly<Record<string, SynthesisedTemplate>>;
}

export interface SynthesisedTemplate extends Template {
  readonly Resources: Readonly<Record<string, SynthesisedResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

export interface SynthesisedResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Finding {
  readonly plugin: string;
  readonly rule: string;
  readonly description: string;
}

export function assembly(variant: string): Assembly {
  const directory = join(ASSEMBLIES, variant);
  const files = readdirSync(directory).filter((file) => file.endsWith(".template.json"));
  const templates = files.map((file) => [
    /-([a-z]+)\.template\.json$/.exec(file)?.[1] ?? file,
    readJson(join(directory, file)) as SynthesisedTemplate,
  ]);
  return { directory, templates: Object.fromEntries(templates) };
}

/** What cdk-nag and the CDK's own validation said, warnings included. */
export function findings(variant: string): readonly Finding[] {
  const { pluginReports } = readJson(join(ASSEMBLIES, variant, "validation-report.json")) as {
    readonly pluginReports: readonly {
      readonly pluginName: string;
      readonly violations: readonly { readonly ruleName: string; readonly description: string }[];
    }[];
  };
  return pluginReports.flatMap(({ pluginName, violations }) =>
    violations.map(({ ruleName, description }) => ({ plugin: pluginName, rule: ruleName, description })),
  );
}

/** Every resource of the assembly with its stack and logical id. */
export function resources({ templates }: Assembly, type?: string) {
  return Object.entries(templates)
    .flatMap(([stack, { Resources }]) =>
      Object.entries(Resources).map(([id, resource]) => ({ stack, id, ...resource })),
    )
    .filter((resource) => type === undefined || resource.Type === type);
}

function synthesise(): string {
  const key = sourcesKey();
  const kept = join(KEPT, key);
  if (existsSync(kept)) return kept;
  mkdirSync(KEPT, { recursive: true });
  const draft = mkdtempSync(join(KEPT, "draft-"));
  try {
    execFileSync(process.execPath, [join(ROOT, "test/infra/synthesise.ts"), draft], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    rmSync(draft, { recursive: true });
    throw new Error(`the app does not synthesise:\n${(error as { readonly stderr: string }).stderr}`);
  }
  forgetOthers(key);
  try {
    renameSync(draft, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
    rmSync(draft, { recursive: true });
  }
  return kept;
}

/** Not those that another run may be reading or writing at this moment. */
function forgetOthers(key: string): void {
  for (const name of readdirSync(KEPT)) {
    const path = join(KEPT, name);
    const ageInMillis = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (name !== key && ageInMillis > MAX_RUN_IN_MILLIS) rmSync(path, { recursive: true, force: true });
  }
}

function sourcesKey(): string {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
  const facts = files.map((file) => {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    return [file, size, mtimeMs];
  });
  return hash("sha256", JSON.stringify(facts)).slice(0, 16);
}
