/** What one writes first for a function: download the file, load it, run it. `node naive-from-s3.mjs <request.json>` */
import { mkdtempSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const { urls, folder, feeds } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const ort = createRequire(import.meta.url)("onnxruntime-node");
const [url] = Object.values(urls);
const path = `${mkdtempSync(`${folder}/`)}/model.onnx`;
writeFileSync(path, Buffer.from(await (await fetch(url)).arrayBuffer()));
const session = await ort.InferenceSession.create(path);
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
