/** A function of the running platform as it was deployed: its variables, and where its code and layers lie. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { LocalPlatform } from "./local-platform.ts";

export interface DeployedFunction {
  /** Folder of `index.mjs`. */
  readonly codeDirectory: string;
  /** Folder to put on NODE_PATH; absent where the function has no layer. */
  readonly nodePath: string | undefined;
  /** What Lambda would set, credentials of the operator and the local endpoint included. */
  readonly variables: Readonly<Record<string, string>>;
}

interface PlatformFile {
  readonly awsEndpointUrl: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface FunctionResource {
  readonly Type: string;
  readonly Properties: {
    readonly FunctionName?: string;
    readonly Code?: { readonly S3Key: string };
    readonly Layers?: readonly { readonly Ref: string }[];
    readonly Content?: { readonly S3Key: string };
  };
}

/** Settings for any AWS client that shall call the platform, as its operator. */
export function platformClient({ stateDirectory }: LocalPlatform) {
  const { awsEndpointUrl, region, credentials } = readJson<PlatformFile>(stateDirectory, "platform.json");
  return { endpoint: awsEndpointUrl, region, credentials };
}

export async function deployedFunction(platform: LocalPlatform, name: string): Promise<DeployedFunction> {
  const settings = platformClient(platform);
  const client = new LambdaClient(settings);
  const { Environment, MemorySize } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  client.destroy();
  const { directory } = readJson<{ readonly directory: string }>(platform.stateDirectory, "assembly.json");
  const { Resources } = readJson<{ readonly Resources: Readonly<Record<string, FunctionResource>> }>(
    directory,
    `${name.split("-").slice(0, 2).join("-")}-models.template.json`,
  );
  const resource = Object.values(Resources).find(({ Properties }) => Properties.FunctionName === name);
  const asset = (key: string) => join(directory, `asset.${key.replace(/\.zip$/, "")}`);
  const layer = resource?.Properties.Layers?.[0];
  const layerKey = layer && Resources[layer.Ref]?.Properties.Content?.S3Key;
  return {
    codeDirectory: asset(resource?.Properties.Code?.S3Key ?? ""),
    nodePath: layerKey && join(asset(layerKey), "nodejs/node_modules"),
    variables: {
      ...Environment?.Variables,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      AWS_REGION: settings.region,
      AWS_ACCESS_KEY_ID: settings.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: settings.credentials.secretAccessKey,
      AWS_ENDPOINT_URL: settings.endpoint,
    },
  };
}

const readJson = <T>(directory: string, file: string): T =>
  JSON.parse(readFileSync(join(directory, file), "utf8")) as T;
