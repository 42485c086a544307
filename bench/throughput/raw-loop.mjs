/**
 * The floor: a thread that does nothing but run one graph on batches that lie ready. No HTTP, no tokenisation, no pooling.
 * Told over IPC: `{ batches, seconds }` with batches of `{ rows, feeds }`; answers `{ rowsPerSecond, millisPerRun }`.
 */
import { createRequire } from "node:module";

const { InferenceSession, Tensor } = createRequire(import.meta.url)("onnxruntime-node");
const [, , modelFile, output] = process.argv;
const session = await InferenceSession.create(modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});

const tensorOf = ({ type, dims, data }) =>
  new Tensor(type, type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), dims);

process.on("message", async ({ batches, seconds }) => {
  const ready = batches.map(({ rows, feeds }) => ({
    rows,
    feeds: Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)])),
  }));
  for (const { feeds } of ready.slice(0, 10)) await session.run(feeds, [output]);
  const started = performance.now();
  let rows = 0;
  let runs = 0;
  while (performance.now() - started < seconds * 1000) {
    const batch = ready[runs++ % ready.length];
    await session.run(batch.feeds, [output]);
    rows += batch.rows;
  }
  const millis = performance.now() - started;
  process.send({ rowsPerSecond: (rows / millis) * 1000, millisPerRun: millis / runs });
});
process.send("ready");
