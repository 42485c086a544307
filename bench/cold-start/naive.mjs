/** What one writes first: load the file, run it. `node naive.mjs <request.json>`; prints one line when the first result is there. */
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const { graph, feeds } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const ort = createRequire(import.meta.url)("onnxruntime-node");
const session = await ort.InferenceSession.create(graph);
const tensors = {};
for (const [name, { type, dims, data }] of Object.entries(feeds)) {
  tensors[name] = new ort.Tensor(
    type,
    type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data),
    dims,
  );
}
await session.run(tensors);
writeSync(1, "first result\n");
