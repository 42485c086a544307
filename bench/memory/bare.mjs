/** A bare process: load the file, run it, say the most memory that took, in bytes. `node bare.mjs <request.json>` */
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const { graph, feeds } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const ort = createRequire(import.meta.url)("onnxruntime-node");
const session = await ort.InferenceSession.create(graph, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});
const tensors = {};
for (const [name, { type, dims, data }] of Object.entries(feeds)) {
  tensors[name] = new ort.Tensor(
    type,
    type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data),
    dims,
  );
}
await session.run(tensors);
writeSync(1, String(process.resourceUsage().maxRSS * 1024));
