/** Two processes of the same bundle: a router that holds nothing, and the group's deployment that it calls. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { eventMessage } from "../../adapters/aws/event-message.ts";
import { addition, cardOf, modelFolder, removeModelFolders } from "../../adapters/onnx/model-folder.ts";
import { onnxModel } from "../../adapters/onnx/onnx-writer.ts";
import { type ServingWorld, startServingWorld } from "../../adapters/serving-world.ts";
import { restProxyEvent } from "./events/events.ts";
import { buildBundle, RunningFunction } from "./running-function.ts";

const bundle = buildBundle();
let world: ServingWorld;
let lambda: Server;
let router: RunningFunction;
let group: RunningFunction;
let key: string;

beforeAll(async () => {
  world = await startServingWorld();
  key = await world.createKey();
  await world.publish(modelFolder({ "model.onnx": onnxModel(addition(1)) }), cardOf({ name: "plus-one" }));
  group = await RunningFunction.start(bundle.path, world.variables);
  lambda = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { bytes } = await group.invoke(JSON.parse(Buffer.concat(chunks).toString()) as object);
    response.write(eventMessage({ ":message-type": "event", ":event-type": "PayloadChunk" }, bytes));
    response.end(eventMessage({ ":message-type": "event", ":event-type": "InvokeComplete" }, Buffer.from("{}")));
  });
  await new Promise<void>((resolve) => lambda.listen(0, "127.0.0.1", resolve));
  const { FARTHING_MODEL_GROUP: _, ...variables } = world.variables;
  router = await RunningFunction.start(bundle.path, {
    ...variables,
    NODE_PATH: "",
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
    FARTHING_DEPLOYMENT: "router",
    FARTHING_REMOTE_GROUPS: '{"small":"farthing-test-small"}',
  });
});
afterAll(async () => {
  await Promise.all([router.stop(), group.stop()]);
  lambda.closeAllConnections();
  lambda.close();
  await world.stop();
  bundle.remove();
  removeModelFolders();
});

const headers = () => ({ Authorization: `Bearer ${key}` });
const infer = (data: readonly number[]) =>
  restProxyEvent({
    path: "/v2/models/plus-one/infer",
    headers: headers(),
    body: JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data }] }),
  });

test("a model of another deployment answers through the router, and the router accounts for it, once", async () => {
  const answered = await router.invoke(infer([1, 2]));
  expect(answered.status).toBe(200);
  expect(answered.headers).toMatchObject({
    "x-farthing-target": "remote-function",
    "x-farthing-price-usd": "0.000001",
  });
  expect(JSON.parse(answered.body.toString())).toMatchObject({ outputs: [{ data: [2, 3] }] });
  const usage = [...(await router.lines()), ...(await group.lines())].filter((line) => "usage" in line);
  expect(usage).toMatchObject([{ deployment: "router", target: "remote-function", status: 200 }]);
});

test("readiness is the other deployment's", async () => {
  const event = restProxyEvent({ method: "GET", path: "/v2/models/plus-one/ready", headers: headers() });
  expect((await router.invoke(event)).status).toBe(200);
});

test("what is wrong with the request is found before anybody is called", async () => {
  const answered = await router.invoke(infer([1]));
  expect(answered.status).toBe(400);
});
