/** The bundle that is deployed, in a process of its own, with S3 and DynamoDB behind permissions. */
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { usageLineSchema } from "../../../core/metering/usage-line-schema.ts";
import { blobKey } from "../../../core/models/manifest.ts";
import { encodeForwardEvent } from "../../../core/protocols/forward/event.ts";
import { decodeForwardResponse } from "../../../core/protocols/forward/response.ts";
import {
  addition,
  cardOf,
  lookupGraph,
  modelFolder,
  removeModelFolders,
  textCard,
  textFolder,
} from "../../adapters/onnx/model-folder.ts";
import { onnxModel } from "../../adapters/onnx/onnx-writer.ts";
import { BUCKET, type ServingWorld, startServingWorld } from "../../adapters/serving-world.ts";
import { functionUrlEvent, restProxyEvent } from "./events/events.ts";
import { buildBundle, RunningFunction } from "./running-function.ts";

const bundle = buildBundle();
let world: ServingWorld;
let running: RunningFunction;
let key: string;
let live: string;

beforeAll(async () => {
  world = await startServingWorld();
  key = await world.createKey();
  live = (await publish("plus-one", 1)).live;
  await world.publish(textFolder(lookupGraph()), {
    ...textCard("embedding"),
    name: "words",
    price: { usdPerThousandInputTokens: 0.001 },
  });
  running = await RunningFunction.start(bundle.path, { ...world.variables, FARTHING_PRELOAD: "plus-one,not-there" });
});
afterAll(async () => {
  await running.stop();
  await world.stop();
  bundle.remove();
  removeModelFolders();
});

const publish = (name: string, bias: number) =>
  world.publish(modelFolder({ "model.onnx": onnxModel(addition(bias)) }), cardOf({ name }));

const inferBody = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] });
const headers = () => ({ Authorization: `Bearer ${key}`, "Content-Type": "application/json" });
const infer = (model: string) =>
  restProxyEvent({ path: `/v2/models/${model}/infer`, headers: headers(), body: inferBody });

const usageLines = async (from = 0) => (await running.lines()).slice(from).filter((line) => "usage" in line);

test("a model that does not exist does not keep the function from starting; the others are loaded by then", async () => {
  const [loaded, failed] = [...(await running.lines())].sort((a, b) =>
    String(a.message).localeCompare(String(b.message)),
  );
  expect(loaded).toMatchObject({
    level: "INFO",
    message: "model loaded",
    model: "plus-one",
    version: live,
    deployment: "small",
  });
  expect(failed).toMatchObject({ level: "WARN", message: "model not preloaded", model: "not-there" });
});

test.each([
  ["REST proxy", restProxyEvent],
  ["function URL", functionUrlEvent],
])("a model answers at the %s door, with one usage line", async (_, eventOf) => {
  const before = (await running.lines()).length;
  const answered = await running.invoke(
    eventOf({ path: "/v2/models/plus-one/infer", headers: headers(), body: inferBody }),
  );
  expect(answered.status).toBe(200);
  expect(JSON.parse(answered.body.toString())).toMatchObject({
    model_name: "plus-one",
    model_version: live.slice(0, 12),
    outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [2, 3] }],
  });
  expect(answered.headers).toMatchObject({
    "x-request-id": expect.stringMatching(/^request-\d+$/),
    "x-farthing-model-version": live.slice(0, 12),
    "x-farthing-target": "function",
    "x-farthing-price-usd": "0.000001",
  });
  const lines = await usageLines(before);
  expect(lines).toHaveLength(1);
  expect(usageLineSchema.parse(lines[0])).toMatchObject({
    requestId: answered.headers["x-request-id"],
    tenant: "acme",
    key: key.slice(0, 7),
    model: "plus-one",
    version: live,
    target: "function",
    status: 200,
    responseBytes: answered.body.length,
    priceUsd: 0.000001,
  });
  expect(lines[0]).toHaveProperty("_aws.CloudWatchMetrics");
});

test("binary tensors go in and out", async () => {
  const head = JSON.stringify({
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], parameters: { binary_data_size: 8 } }],
    outputs: [{ name: "y", parameters: { binary_data: true } }],
  });
  const body = Buffer.concat([Buffer.from(head), Buffer.from(Float32Array.of(10, 20).buffer)]);
  const lengths = { "Inference-Header-Content-Length": String(head.length) };
  const answered = await running.invoke(
    restProxyEvent({ path: "/v2/models/plus-one/infer", headers: { ...headers(), ...lengths }, body }),
  );
  const floats = new Float32Array(Uint8Array.from(answered.body.subarray(-8)).buffer);
  expect([...floats]).toEqual([11, 21]);
});

test("texts become vectors through the OpenAI protocol, charged by the token", async () => {
  const body = JSON.stringify({ model: "words", input: ["good day", "bad"], encoding_format: "float" });
  const answered = await running.invoke(restProxyEvent({ path: "/v1/embeddings", headers: headers(), body }));
  expect(answered.status).toBe(200);
  const document = JSON.parse(answered.body.toString()) as { data: { embedding: number[] }[]; usage: object };
  expect(document.data.map(({ embedding }) => Math.hypot(...embedding))).toEqual([
    expect.closeTo(1),
    expect.closeTo(1),
  ]);
  expect(document.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 });
  expect(answered.headers["x-farthing-price-usd"]).toBe("0.000007");
});

test("the first request of the process, and no other, is a cold start", async () => {
  await running.invoke(infer("plus-one"));
  const flags = (await usageLines()).map(({ coldStart }) => coldStart);
  expect(flags[0]).toBe(true);
  expect(flags.slice(1)).not.toContain(true);
});

test("what is wrong with a request is said in its protocol's form", async () => {
  const withoutKey = await running.invoke(restProxyEvent({ path: "/v1/embeddings", body: "{}" }));
  expect(withoutKey.status).toBe(401);
  expect(JSON.parse(withoutKey.body.toString())).toMatchObject({
    error: { message: expect.stringContaining("No API key") },
  });
  const unknown = await running.invoke(infer("nothing"));
  expect(unknown.status).toBe(404);
  expect(JSON.parse(unknown.body.toString())).toEqual({ error: expect.stringContaining('"nothing"') });
  expect((await running.invoke(restProxyEvent({ method: "GET", path: "/nowhere" }))).status).toBe(404);
});

test("a version whose file was cut short is not ready and says why; the others serve", async () => {
  const folder = modelFolder({ "model.onnx": onnxModel(addition(7)) });
  const card = cardOf({ name: "broken" });
  const record = await world.publish(folder, card);
  const manifest = await world.artifacts.readManifest("broken", record.live);
  const file = manifest.files[0] as (typeof manifest.files)[0];
  await world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: blobKey(file.sha256) }));
  const cut = onnxModel(addition(7)).subarray(0, 30);
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: blobKey(file.sha256), Body: cut }));

  const answered = await running.invoke(infer("broken"));
  expect(answered.status).toBe(503);
  expect(answered.body.toString()).toContain(`model.onnx should have ${file.bytes} bytes and has 30`);
  const ready = await running.invoke(
    restProxyEvent({ method: "GET", path: "/v2/models/broken/ready", headers: headers() }),
  );
  expect(ready.status).toBe(503);
  expect((await running.invoke(infer("plus-one"))).status).toBe(200);
});

test("a version by name answers beside the live one", async () => {
  await publish("two-versions", 1);
  const first = await world.registry.get("two-versions");
  await publish("two-versions", 100);
  const path = `/v2/models/two-versions/versions/${first?.live.slice(0, 12)}/infer`;
  const byName = await running.invoke(restProxyEvent({ path, headers: headers(), body: inferBody }));
  expect(byName.body.toString()).toContain("[2,3]");
  expect((await running.invoke(infer("two-versions"))).body.toString()).toContain("[101,102]");
});

test("a forwarded request is answered with a frame, and accounted for by who forwarded it", async () => {
  const before = (await usageLines()).length;
  const event = encodeForwardEvent({
    type: "infer",
    requestId: "of-the-router",
    deadlineMillis: Date.now() + 10_000,
    model: "plus-one",
    version: live,
    request: { type: "tensors", inputs: [{ name: "x", dataType: "FP32", shape: [1, 2], data: Float32Array.of(5, 6) }] },
  });
  const { bytes, contentType } = await running.invoke(JSON.parse(event) as object);
  expect(contentType).toBe("application/octet-stream");
  expect(decodeForwardResponse(bytes)).toMatchObject({
    type: "result",
    result: { outputs: [{ data: Float32Array.of(6, 7) }] },
  });
  expect(await usageLines()).toHaveLength(before);
});

test("an event of another kind is an error of the call", async () => {
  await expect(running.invoke({ Records: [] })).rejects.toThrow("was sent none of them");
});

test("no key was ever written down", async () => {
  await running.lines();
  expect(running.output.join("")).not.toContain(key);
});

test("a permission that is missing fails that call, and the log says which", async () => {
  const denied = await startServingWorld([{ Effect: "Allow", Action: "dynamodb:GetItem", Resource: "*" }]);
  await denied.publish(modelFolder({ "model.onnx": onnxModel(addition(1)) }), cardOf({ name: "plus-one" }));
  const ownKey = await denied.createKey();
  const function_ = await RunningFunction.start(bundle.path, denied.variables);
  const auth = { Authorization: `Bearer ${ownKey}` };
  const answered = await function_.invoke(
    restProxyEvent({ path: "/v2/models/plus-one/infer", headers: auth, body: inferBody }),
  );
  expect(answered.status).toBe(503);
  expect(answered.body.toString()).toMatch(
    /manifests\/plus-one\/[0-9a-f]+\.json is absent, or this deployment may not read it/,
  );
  const list = await function_.invoke(restProxyEvent({ method: "GET", path: "/v1/models", headers: auth }));
  expect(list.status).toBe(503);
  expect(list.body.toString()).not.toContain("AccessDenied");
  expect(function_.output.join("")).toContain("AccessDeniedException");
  await function_.stop();
  await denied.stop();
});
