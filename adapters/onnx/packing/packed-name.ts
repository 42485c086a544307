import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import type { ModelCard } from "../../../core/models/card.ts";
import type { ManifestFile } from "../../../core/models/manifest.ts";
import { onnxRuntime } from "../runtime.ts";

/** Counts up when packed files are written in another way. */
const FORM = 4;

/**
 * The packed form of a graph is as good as the processor and the ONNX Runtime that it was made for: both are in its name, so
 * that another one simply finds nothing.
 */
export async function packedName({ artifacts }: ModelCard, files: readonly ManifestFile[]): Promise<string> {
  const digests = graphFiles(artifacts).map((path) => files.find((file) => file.path === path)?.sha256);
  const facts = [FORM, onnxRuntime().env.versions, platform(), arch(), await processor(), ...digests];
  return `packed-${createHash("sha256").update(JSON.stringify(facts)).digest("hex")}`;
}

/** Of the graph and its weights. */
export const graphFiles = ({ model, externalData = [] }: ModelCard["artifacts"]): readonly string[] => [
  model,
  ...externalData,
];

const TELLING = /^(?:model name|flags|Features|CPU (?:implementer|architecture|variant|part))\s*:.*$/gm;

/** Model and features, of each kind of core. */
async function processor(): Promise<string> {
  try {
    const lines = (await readFile("/proc/cpuinfo", "utf8")).match(TELLING) ?? [];
    if (lines.length > 0) return [...new Set(lines)].join("\n");
  } catch {
    // Not Linux: the model's name tells its features.
  }
  return cpus()[0]?.model ?? "unknown";
}
