/** The ONNX Runtime layer for one architecture, built by layers/onnxruntime in a process of its own. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Architecture, Code, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import { AssetHashType } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

/** As Node names them: `linux` `x64`. */
export interface LayerPlatform {
  readonly platform: string;
  readonly arch: string;
}

export interface OnnxRuntimeLayerProps {
  readonly target: LayerPlatform;
  /** Absolute path of the repository. */
  readonly root: string;
  /** Absolute; where built layers are kept between syntheses. */
  readonly buildDirectory: string;
}

const BUILD_SCRIPT = "layers/onnxruntime/build.ts";

export class OnnxRuntimeLayer extends LayerVersion {
  constructor(scope: Construct, id: string, { target, root, buildDirectory }: OnnxRuntimeLayerProps) {
    const { directory, contentHash, version } = build(target, root, buildDirectory);
    super(scope, id, {
      description: `ONNX Runtime ${version} for Node.js, ${target.platform}-${target.arch}`,
      license: "MIT",
      code: Code.fromAsset(directory, { assetHash: contentHash, assetHashType: AssetHashType.CUSTOM }),
      compatibleArchitectures: [target.arch === "arm64" ? Architecture.ARM_64 : Architecture.X86_64],
      compatibleRuntimes: [Runtime.NODEJS_24_X],
    });
  }
}

function build(target: LayerPlatform, root: string, buildDirectory: string) {
  const options = [
    "--platform",
    target.platform,
    "--arch",
    target.arch,
    "--directory",
    join(buildDirectory, "onnxruntime"),
  ];
  try {
    const output = execFileSync(process.execPath, [join(root, BUILD_SCRIPT), ...options], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    return JSON.parse(output) as { readonly directory: string; readonly contentHash: string; readonly version: string };
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error(`${BUILD_SCRIPT} failed:\n${stderr?.trim() || String(error)}`, { cause: error });
  }
}
