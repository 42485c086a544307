/** Which environment a synthesis is for: `-c env=<name>` of the CDK's command line or of this app's own. */
import { ENVIRONMENTS, type EnvironmentConfig, type EnvironmentName, type FarthingConfig } from "./config.ts";

export interface SelectedEnvironment {
  readonly name: EnvironmentName;
  readonly config: EnvironmentConfig;
}

/**
 * `contextJson`: CDK_CONTEXT_JSON, by which the CDK and `farthing up` hand the context over. `args`: of the process;
 * they win. Throws an Error that lists the configured environments.
 */
export function selectedEnvironment(
  args: readonly string[],
  contextJson: string | undefined,
  environments: FarthingConfig["environments"],
): SelectedEnvironment {
  const wanted = fromArguments(args) ?? contextValue("env", contextJson);
  const known = ENVIRONMENTS.filter((name) => environments[name] !== undefined);
  const name = known.find((candidate) => candidate === wanted);
  const config = name && environments[name];
  if (name !== undefined && config !== undefined) return { name, config };
  const what = wanted === undefined ? "No environment was chosen" : `There is no environment ${JSON.stringify(wanted)}`;
  throw new Error(`${what}. Say -c env=<name>; farthing.config.ts has ${known.join(", ") || "none"}.`);
}

function fromArguments(args: readonly string[]): string | undefined {
  const pairs = args.flatMap((argument, index) => {
    if (argument === "-c" || argument === "--context") return [args[index + 1] ?? ""];
    return argument.startsWith("--context=") ? [argument.slice("--context=".length)] : [];
  });
  return pairs.findLast((pair) => pair.startsWith("env="))?.slice("env=".length);
}

/** A value of the CDK's context, as `-c <key>=<value>` sets it. */
export function contextValue(key: string, contextJson: string | undefined): string | undefined {
  if (contextJson === undefined || contextJson === "") return undefined;
  const context = JSON.parse(contextJson) as Readonly<Record<string, unknown>>;
  const value = context[key];
  return value === undefined ? undefined : String(value);
}
