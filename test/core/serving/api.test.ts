import { FarthingError } from "../../../core/errors.ts";
import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { usageLineSchema } from "../../../core/metering/usage-line-schema.ts";
import type { ModelRecord } from "../../../core/models/registry.ts";
import type { HttpRequest } from "../../../core/protocols/spec/http.ts";
import { createApi } from "../../../core/serving/api.ts";
import { MAX_BODY_BYTES } from "../../../core/serving/inference.ts";
import { createRegistryView } from "../../../core/serving/registry-view.ts";
import type { Target } from "../../../core/serving/target.ts";
import type { Authentication } from "../../../core/tenants/authenticator.ts";
import { knownCaller } from "../tenants/known-caller.ts";
import { digestOf, fakeClock, first, modelOf, RESULT, reaching, requestTo, second } from "./world.ts";

const KNOWN: Authentication = knownCaller();
const INFER = "/v2/models/digits/infer";

interface Setup {
  readonly models?: readonly ModelRecord[];
  readonly infer?: Target["infer"];
  readonly authentication?: Authentication;
}

function world({ models = [modelOf()], infer = async () => RESULT, authentication = KNOWN }: Setup = {}) {
  const lines: UsageLine[] = [];
  const faults: FarthingError[] = [];
  const stored = [...models];
  const time = fakeClock();
  const target: Target = {
    kind: "function",
    name: "function",
    onPremises: false,
    hasCopies: false,
    infer,
    ready: async () => {},
  };
  const api = createApi({
    protocols: [first, second],
    authenticator: { authenticate: () => authentication },
    ...reaching(
      {
        local: { group: "small", target },
        remote: { groups: new Set(["large"]), target: { ...target, kind: "remote-function" } },
      },
      createRegistryView(
        { get: async (name) => stored.find((model) => model.name === name), list: async () => stored },
        time.clock.epochMillis,
      ),
      time.clock,
    ),
    deployment: "small",
    emitUsage: (line) => lines.push(line),
    reportFault: (error) => faults.push(error),
  });
  const ask = (request: HttpRequest) =>
    api(request, { requestId: "request-1", deadlineMillis: time.clock.epochMillis() + 1_000, coldStart: true });
  return { ask, lines, faults, stored, time };
}

const get = (path: string, method = "GET") => requestTo(path, { method });

test("an answer carries who answered, and what it cost", async () => {
  const { ask } = world();
  expect(await ask(requestTo(INFER))).toEqual({
    status: 200,
    headers: {
      "content-type": "application/json",
      "x-request-id": "request-1",
      "x-farthing-model-version": digestOf("a").slice(0, 12),
      "x-farthing-target": "function",
      "x-farthing-price-usd": "0.002",
    },
    body: '{"type":"tensors"}',
  });
});

test("and leaves one usage line that its schema takes", async () => {
  const { ask, lines } = world();
  await ask(requestTo(INFER));
  expect(lines).toHaveLength(1);
  expect(usageLineSchema.parse(lines[0])).toEqual({
    usage: "farthing.usage/1",
    requestId: "request-1",
    at: "2027-01-15T08:00:00.000Z",
    tenant: "acme",
    key: "fk_aaaa",
    route: "/v2/models/{name}/infer",
    model: "digits",
    version: digestOf("a"),
    target: "function",
    deployment: "small",
    status: 200,
    inputTokens: 100,
    outputTokens: 0,
    requestBytes: 4,
    responseBytes: 18,
    inferenceMillis: 1.235,
    durationMillis: 0,
    coldStart: true,
    priceUsd: 0.002,
  });
});

const REFUSED: Authentication = { type: "refused", error: new FarthingError("invalid_key", "not valid") };

test("a wrong key gets 401, no model is asked, and nobody is there to account to", async () => {
  const { ask, lines } = world({
    authentication: REFUSED,
    infer: () => {
      throw new Error("must not run");
    },
  });
  expect(await ask(requestTo(INFER))).toMatchObject({ status: 401, body: "first invalid_key: not valid" });
  expect(await ask(get("/v2/models/digits"))).toMatchObject({ status: 401 });
  expect(await ask(get("/v2"))).toMatchObject({ status: 200 });
  expect(lines).toEqual([]);
});

test.each([
  ["an unknown model", "/v2/models/nothing/infer", "body", 404, "unknown_model", { model: "nothing", version: "" }],
  ["an unknown version", INFER, "version 123456789012", 404, "unknown_version", { model: "digits", version: "" }],
])(
  "%s fails with its code, in the protocol's form, and is accounted for",
  async (_, path, body, status, code, line) => {
    const { ask, lines, faults } = world();
    const response = await ask(requestTo(path, { body: Buffer.from(body) }));
    expect(response).toMatchObject({ status, headers: { "x-request-id": "request-1" } });
    expect(response.body).toContain(`first ${code}: `);
    expect(lines).toMatchObject([{ ...line, status, error: code, priceUsd: 0, inputTokens: 0, target: "none" }]);
    expect(faults).toEqual([]);
  },
);

test("a version by name answers instead of the live one", async () => {
  const { ask, lines } = world();
  await ask(requestTo(INFER, { body: Buffer.from(`version ${digestOf("b").slice(0, 12)}`) }));
  expect(lines[0]?.version).toBe(digestOf("b"));
});

test("a version that was published a moment ago is found though memory does not know it", async () => {
  const { ask, stored, time } = world({ models: [modelOf({ versions: modelOf().versions.slice(0, 1) })] });
  await ask(requestTo(INFER));
  stored[0] = modelOf();
  time.pass(600);
  const response = await ask(requestTo(INFER, { body: Buffer.from(`version ${digestOf("b")}`) }));
  expect(response.status).toBe(200);
});

test("the model's group decides which target answers", async () => {
  const models = [modelOf({ group: "large" }), modelOf({ name: "lost", group: "nowhere" })];
  const { ask, lines } = world({ models });
  expect((await ask(requestTo(INFER))).headers["x-farthing-target"]).toBe("remote-function");
  const lost = await ask(requestTo("/v2/models/lost/infer"));
  expect(lost).toMatchObject({ status: 503 });
  expect(lost.body).toContain('the group "nowhere"');
  expect(lines.map(({ target }) => target)).toEqual(["remote-function", "none"]);
});

test("an error of ours keeps its words and its cause for the log", async () => {
  const cause = new Error("secret detail");
  const { ask, faults, lines } = world({
    infer: async () => {
      throw cause;
    },
  });
  const response = await ask(requestTo(INFER));
  expect(response.status).toBe(500);
  expect(response.body).not.toContain("secret");
  expect(faults).toMatchObject([{ code: "internal", cause }]);
  expect(lines).toMatchObject([
    { status: 500, error: "internal", priceUsd: 0, version: digestOf("a"), target: "function" },
  ]);
});

test("nobody waits beyond the deadline, and no timer is left behind", async () => {
  const { ask, time, lines } = world({ infer: () => new Promise(() => {}) });
  const pending = ask(requestTo(INFER));
  await new Promise((resolve) => setImmediate(resolve));
  time.pass(1_000);
  expect(await pending).toMatchObject({ status: 504 });
  expect(lines).toMatchObject([{ error: "deadline_exceeded", durationMillis: 1_000 }]);
  expect(time.timers.size).toBe(0);

  const quick = world();
  await quick.ask(requestTo(INFER));
  expect(quick.time.timers.size).toBe(0);
});

test("a body over the limit is refused before it is read", async () => {
  const { ask } = world();
  const response = await ask(requestTo(INFER, { body: new Uint8Array(MAX_BODY_BYTES + 1) }));
  expect(response).toMatchObject({ status: 413, body: expect.stringContaining(`${MAX_BODY_BYTES}`) });
});

test("paths and methods that do not exist are told in the right protocol's form", async () => {
  const { ask } = world();
  expect(await ask(get("/v1/nothing"))).toMatchObject({
    status: 404,
    body: expect.stringContaining("second unknown_route"),
  });
  const wrong = await ask(get(INFER));
  expect(wrong).toMatchObject({ status: 405, headers: { allow: "POST, OPTIONS", "x-request-id": "request-1" } });
  expect(wrong.body).toContain("GET is not allowed at /v2/models/digits/infer; allowed: POST, OPTIONS");
});

test("OPTIONS names the methods, and HEAD is GET without the body", async () => {
  const { ask } = world();
  expect(await ask(get("/v2", "OPTIONS"))).toMatchObject({
    status: 204,
    headers: { allow: "GET, HEAD, OPTIONS" },
    body: "",
  });
  expect(await ask(get("/nothing", "OPTIONS"))).toMatchObject({ status: 404 });
  expect(await ask(get("/v2", "HEAD"))).toMatchObject({ status: 200, body: "" });
  expect(await ask(get("/v2/models/nothing", "HEAD"))).toMatchObject({ status: 404, body: "" });
});

test("documents answer from the registry, and readiness from the target", async () => {
  const { ask } = world();
  expect(await ask(get("/v2/models/digits"))).toMatchObject({
    status: 200,
    body: expect.stringContaining(digestOf("a")),
  });
  expect(await ask(get("/v2/models/digits/ready"))).toMatchObject({ body: '{"ready":true}' });
  expect(await ask(get("/v2/models/nothing/ready"))).toMatchObject({ status: 404 });
});
