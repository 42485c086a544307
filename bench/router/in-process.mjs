/**
 * The deployed router in this process, event in → answer out, in turn with a bare client of the same upstream: what the code of the
 * function adds, without a front door. Plain JavaScript, because it runs as the bundle does. Talks to its parent over IPC.
 */
import { Agent, request as httpRequest } from "node:http";
import { Writable } from "node:stream";

class Answer extends Writable {
  bytes = 0;
  last = "";
  setContentType() {}
  _write(chunk, _encoding, done) {
    this.bytes += chunk.length;
    this.last = chunk;
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

const { bundle, apiKey, model, upstream, rounds, cases } = JSON.parse(process.env.BENCH_ROUTER);
const { handler } = await import(bundle);

let sequence = 0;
const context = () => ({
  awsRequestId: `request-${++sequence}`,
  getRemainingTimeInMillis: () => 30_000,
  functionName: "bench",
});
const bodyOf = (name, { tokens, stream }) =>
  JSON.stringify({ model: name, messages: [{ role: "user", content: "Say token." }], max_tokens: tokens, stream });

async function ours(chat) {
  const answer = new Answer();
  const event = {
    httpMethod: "POST",
    path: "/v1/chat/completions",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    queryStringParameters: null,
    body: bodyOf(model, chat),
    isBase64Encoded: false,
  };
  await handler(event, answer, context());
  return answer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const target = new URL(`${upstream}/chat/completions`);
function bare(chat) {
  const body = bodyOf("mock", chat);
  const length = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(target, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": length },
    });
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      response.once("end", resolve);
    });
    request.end(body);
  });
}

async function timed(work, count) {
  const micros = new Float64Array(count);
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const started = process.hrtime.bigint();
    await work();
    micros[i] = Number(process.hrtime.bigint() - started) / 1_000;
  }
  const { user, system } = process.cpuUsage(before);
  micros.sort();
  return { p50: micros[count >> 1], p99: micros[Math.floor(count * 0.99)], cpu: (user + system) / count };
}

const results = {};
for (const { name, calls, ...chat } of cases) {
  const first = await ours(chat);
  if (first.bytes < 500) throw new Error(`${name}: ${first.last}`);
  const contenders = { bare: () => bare(chat), ours: () => ours(chat) };
  for (const work of Object.values(contenders)) await timed(work, calls);
  results[name] = { bare: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [form, work] of Object.entries(contenders)) results[name][form].push(await timed(work, calls));
  }
}
agent.destroy();
if (process.send) process.send(results, () => process.exit(0));
else {
  process.stderr.write(`${JSON.stringify(results)}\n`);
  process.exit(0);
}
