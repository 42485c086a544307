import { join } from "node:path";
import type { ContainerCommand } from "../../local/sagemaker/container/command.ts";

/**
 * What the platform runs in place of a GPU container: a small model of the project's own, or the way to an engine that runs
 * already. Throws an Error in words for an address that is none.
 */
export function gpuContainer(root: string, variables: Readonly<Record<string, string | undefined>>): ContainerCommand {
  const upstream = variables.FARTHING_GPU_UPSTREAM;
  const script = (name: string) => [join(import.meta.dirname, name)];
  if (upstream === undefined || upstream === "") {
    return {
      executable: process.execPath,
      arguments: script("demo-model.ts"),
      environment: { FARTHING_DEMO_MODEL: join(root, "models", "glossary") },
    };
  }
  if (!URL.canParse(upstream) || !/^https?:$/.test(new URL(upstream).protocol)) {
    throw new Error(`FARTHING_GPU_UPSTREAM is "${upstream}"; it must be an http:// or https:// address`);
  }
  return {
    executable: process.execPath,
    arguments: script("attach-upstream.ts"),
    environment: { FARTHING_GPU_UPSTREAM: upstream },
  };
}
