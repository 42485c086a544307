/**
 * What an expert writes for one model on one machine: the graph optimised beforehand for this very processor, weights mapped
 * and pre-packed, no optimisation at load, one thread. `node best.mjs prepare <request.json> <out>`, then `node best.mjs run <out>`.
 */
import { mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const ort = createRequire(import.meta.url)("onnxruntime-node");
const [, , step, ...paths] = process.argv;
const ONE_THREAD = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const NO_SPINNING = { intra_op: { allow_spinning: "0" } };

if (step === "prepare") {
  const [request, out] = paths;
  mkdirSync(out, { recursive: true });
  const { graph, feeds } = JSON.parse(readFileSync(request, "utf8"));
  await ort.InferenceSession.create(graph, {
    ...ONE_THREAD,
    logSeverityLevel: 4,
    graphOptimizationLevel: "all",
    optimizedModelFilePath: `${out}/model.onnx`,
    extra: {
      session: {
        ...NO_SPINNING,
        optimized_model_external_initializers_file_name: "model.onnx.data",
        optimized_model_external_initializers_min_size_in_bytes: "1024",
        save_external_prepacked_constant_initializers: "1",
      },
    },
  });
  writeFileSync(`${out}/feeds.json`, JSON.stringify(feeds));
} else {
  const [out] = paths;
  const session = await ort.InferenceSession.create(`${out}/model.onnx`, {
    ...ONE_THREAD,
    graphOptimizationLevel: "disabled",
    extra: { session: NO_SPINNING },
  });
  const tensors = {};
  for (const [name, { type, dims, data }] of Object.entries(JSON.parse(readFileSync(`${out}/feeds.json`, "utf8")))) {
    tensors[name] = new ort.Tensor(
      type,
      type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data),
      dims,
    );
  }
  await session.run(tensors);
  writeSync(1, "first result\n");
}
