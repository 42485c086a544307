/**
 * `node layers/onnxruntime/build.ts --platform linux --arch x64 --directory <folder>`
 * Builds the layer there unless it is there already, and prints one JSON object: BuiltLayer.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildLayer } from "./build-layer.ts";

const { values } = parseArgs({
  options: { platform: { type: "string" }, arch: { type: "string" }, directory: { type: "string" } },
});
const { platform, arch, directory } = values;
if (platform === undefined || arch === undefined || directory === undefined) {
  process.stderr.write("usage: node layers/onnxruntime/build.ts --platform <os> --arch <cpu> --directory <folder>\n");
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(`${JSON.stringify(buildLayer({ platform, arch }, resolve(directory)))}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
