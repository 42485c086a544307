import { PROTOCOLS } from "../../../core/protocols/protocols.ts";
import { bodyText, catalogueOf, DIGEST, modelOf, VERSION_ID, versionOf } from "./fixture-model.ts";

const older = { ...versionOf({ inputs: [], outputs: [] }), digest: "f".repeat(64) };
const version = versionOf({
  inputs: [{ name: "image", dataType: "FP32", shape: [-1, 784] }],
  outputs: [{ name: "label", dataType: "BYTES", shape: [-1] }],
});
const digits = { ...modelOf(version, "digits"), versions: [version, older] };
const CATALOGUE = catalogueOf(digits, modelOf(version, "spam"));

async function answer(path: string, parameters: Readonly<Record<string, string>> = {}) {
  const route = PROTOCOLS.flatMap(({ routes }) => routes).find((candidate) => candidate.path === path);
  if (route?.kind !== "document") throw new Error(`no document route ${path}`);
  const response = await route.answer(parameters, CATALOGUE, { query: {}, caller: undefined, nowMillis: 0 });
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  return { open: route.open, method: route.method, body: JSON.parse(bodyText(response)) as unknown };
}

test("server metadata needs no key", async () => {
  expect(await answer("/v2")).toEqual({
    open: true,
    method: "GET",
    body: { name: "farthing", version: "1.2.3", extensions: ["binary_tensor_data", "model_repository"] },
  });
});

test("health needs no key", async () => {
  expect(await answer("/v2/health/live")).toMatchObject({ open: true, body: { live: true } });
  expect(await answer("/v2/health/ready")).toMatchObject({ open: true, body: { live: true, ready: true } });
});

test("models by name, and every version as Triton's index", async () => {
  expect(await answer("/v2/models")).toMatchObject({ open: false, body: { models: ["digits", "spam"] } });
  expect(await answer("/v2/repository/index")).toEqual({
    open: false,
    method: "POST",
    body: [
      { name: "digits", version: VERSION_ID, state: "READY", reason: "" },
      { name: "digits", version: "ffffffffffff", state: "READY", reason: "" },
      { name: "spam", version: VERSION_ID, state: "READY", reason: "" },
    ],
  });
});

test.each([
  ["/v2/models/{name}", { name: "digits" }],
  ["/v2/models/{name}/versions/{version}", { name: "digits", version: DIGEST }],
  ["/v2/models/{name}/versions/{version}", { name: "digits", version: VERSION_ID }],
])("model metadata: %s %p", async (path, parameters) => {
  expect(await answer(path, parameters)).toEqual({
    open: false,
    method: "GET",
    body: {
      name: "digits",
      versions: [VERSION_ID, "ffffffffffff"],
      platform: "onnxruntime_onnxv1",
      inputs: [{ name: "image", datatype: "FP32", shape: [-1, 784] }],
      outputs: [{ name: "label", datatype: "BYTES", shape: [-1] }],
    },
  });
});

test("the metadata of a version is that version's", async () => {
  const { body } = await answer("/v2/models/{name}/versions/{version}", { name: "digits", version: "ffffffffffff" });
  expect(body).toMatchObject({ inputs: [], outputs: [] });
});

test("a model is ready, or says why it is not", async () => {
  expect((await answer("/v2/models/{name}/ready", { name: "digits" })).body).toEqual({ name: "digits", ready: true });
  await expect(answer("/v2/models/{name}/versions/{version}/ready", { name: "broken", version: "1" })).rejects.toThrow(
    "model.onnx is truncated.",
  );
});

test("an unknown model and an unknown version", async () => {
  await expect(answer("/v2/models/{name}", { name: "no" })).rejects.toMatchObject({ code: "unknown_model" });
  const unknown = { name: "digits", version: "000000000000" };
  await expect(answer("/v2/models/{name}/versions/{version}", unknown)).rejects.toMatchObject({
    code: "unknown_version",
  });
});

describe("OpenAI", () => {
  test("models, in OpenAI's form", async () => {
    const object = (id: string) => ({ id, object: "model", created: 1_795_507_200, owned_by: "farthing" });
    expect(Date.parse(version.createdAt) / 1000).toBe(1_795_507_200);
    expect(await answer("/v1/models")).toMatchObject({
      open: false,
      body: { object: "list", data: [object("digits"), object("spam")] },
    });
    expect((await answer("/v1/models/{model}", { model: "spam" })).body).toEqual(object("spam"));
    await expect(answer("/v1/models/{model}", { model: "no" })).rejects.toMatchObject({ code: "unknown_model" });
  });

  test("health needs no key", async () => {
    expect(await answer("/v1/health")).toEqual({ open: true, method: "GET", body: { status: "ok" } });
  });
});
