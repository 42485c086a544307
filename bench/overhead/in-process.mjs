/**
 * One process, as Lambda would start it: the deployed bundle's handler, and beside it bare sessions of the same graphs. Rounds
 * alternate between the two. Plain JavaScript, because it runs as the bundle does. Talks to its parent over IPC.
 */
import { createRequire } from "node:module";
import { Writable } from "node:stream";

class Answer extends Writable {
  chunks = [];
  setContentType() {}
  _write(chunk, _encoding, done) {
    this.chunks.push(chunk);
    done();
  }
}

globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: {
    from(stream, prelude) {
      stream.write(JSON.stringify(prelude));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

const { bundle, apiKey, cases, rounds, calls } = JSON.parse(process.env.BENCH_OVERHEAD);
const { handler } = await import(bundle);
const ort = createRequire(import.meta.url)("onnxruntime-node");
const OPTIONS = {
  executionProviders: ["cpu"],
  graphOptimizationLevel: "all",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
};

let sequence = 0;
const context = () => ({
  awsRequestId: `request-${++sequence}`,
  getRemainingTimeInMillis: () => 30_000,
  functionName: "bench",
});

function eventOf({ path, headers, bodyBase64 }) {
  return {
    httpMethod: "POST",
    path,
    headers: { authorization: `Bearer ${apiKey}`, ...headers },
    queryStringParameters: null,
    body: bodyBase64,
    isBase64Encoded: true,
  };
}

async function call(request) {
  const answer = new Answer();
  await handler(eventOf(request), answer, context());
  return answer;
}

async function timed(work, count) {
  const micros = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const started = process.hrtime.bigint();
    await work();
    micros[i] = Number(process.hrtime.bigint() - started) / 1_000;
  }
  micros.sort();
  return { p50: micros[count >> 1], p99: micros[Math.floor(count * 0.99)] };
}

const results = {};
for (const { name, graph, feeds, requests } of cases) {
  const session = await ort.InferenceSession.create(graph, OPTIONS);
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([input, { type, dims, data }]) => [
      input,
      new ort.Tensor(type, type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), dims),
    ]),
  );
  const contenders = { raw: () => session.run(tensors) };
  for (const [form, request] of Object.entries(requests)) {
    const answer = Buffer.concat((await call(request)).chunks).toString("latin1");
    if (!answer.startsWith('{"statusCode":200')) throw new Error(`${name}, ${form}: ${answer.slice(0, 500)}`);
    contenders[form] = () => call(request);
  }
  const count = calls[name];
  for (const work of Object.values(contenders)) await timed(work, count);
  results[name] = Object.fromEntries(Object.keys(contenders).map((form) => [form, { p50: [], p99: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [form, work] of Object.entries(contenders)) {
      const { p50, p99 } = await timed(work, count);
      results[name][form].p50.push(p50);
      results[name][form].p99.push(p99);
    }
  }
  await session.release();
}
process.send(results, () => process.exit(0));
