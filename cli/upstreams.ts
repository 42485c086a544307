/** The upstreams of a deployment, as its router was told of them: on this machine and in an account alike. */
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { ClientSettings } from "./where.ts";

export interface DeployedUpstream {
  readonly name: string;
  readonly url: string;
  readonly dialect: string;
  readonly models: Readonly<Record<string, string>>;
  readonly onPremises: boolean;
  readonly healthPath: string;
  readonly maxConcurrent?: number;
  /** Name of its secret. */
  readonly secret?: string;
}

/** Throws an Error in words when the router cannot be read. */
export async function deployedUpstreams(
  environment: string,
  settings: ClientSettings,
): Promise<readonly DeployedUpstream[]> {
  const FunctionName = `farthing-${environment}-router`;
  const client = new LambdaClient(settings);
  try {
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    return JSON.parse(Environment?.Variables?.FARTHING_UPSTREAMS ?? "[]") as readonly DeployedUpstream[];
  } catch (error) {
    throw new Error(`the function ${FunctionName} cannot be read: ${(error as Error).message}`, { cause: error });
  } finally {
    client.destroy();
  }
}

export function upstreamNamed(name: string, upstreams: readonly DeployedUpstream[]): DeployedUpstream {
  const found = upstreams.find((upstream) => upstream.name === name);
  if (found !== undefined) return found;
  const known = upstreams.map((upstream) => upstream.name).join(", ") || "(none)";
  throw new Error(`no upstream "${name}" is deployed; there is ${known} (farthing.config.ts names them)`);
}
