/** The official client against our bodies: everything but the network and the pipeline is real. */
import OpenAI from "openai";
import { type ErrorCode, FarthingError } from "../../../../core/errors.ts";
import { openai } from "../../../../core/protocols/openai/openai.ts";
import type { HttpResponse } from "../../../../core/protocols/spec/http.ts";
import {
  answeredBy,
  bodyText,
  catalogueOf,
  inferenceRoute,
  modelOf,
  request,
  USAGE,
  versionOf,
} from "../fixture-model.ts";

const EMBEDDER = versionOf(
  { inputs: [], outputs: [{ name: "embedding", dataType: "FP32", shape: [-1, 3] }] },
  "embedding",
);
const VECTOR = Float32Array.of(0.1, -0.25, 1e-7);

const toWebResponse = (response: HttpResponse) =>
  new Response(bodyText(response), { status: response.status, headers: response.headers });

const clientOf = (answer: (path: string, body: string) => HttpResponse | Promise<HttpResponse>) =>
  new OpenAI({
    apiKey: "fk_test",
    baseURL: "http://farthing.test/v1",
    maxRetries: 0,
    fetch: async (url, init) => toWebResponse(await answer(new URL(String(url)).pathname, String(init?.body ?? ""))),
  });

const embeddings = clientOf((_, body) =>
  inferenceRoute("/v1/embeddings")
    .open(request(body), {})
    .decode(EMBEDDER)
    .encode({ type: "embeddings", vectors: [VECTOR], usage: USAGE }, answeredBy(EMBEDDER)),
);

test.each([undefined, "float"] as const)("embeddings, encoding_format %s", async (format) => {
  const { data, usage, model, object } = await embeddings.embeddings.create({
    model: "m",
    input: "hello",
    ...(format && { encoding_format: format }),
  });
  expect(data.map(({ embedding }) => Float32Array.from(embedding))).toEqual([VECTOR]);
  expect({ usage, model, object }).toEqual({
    usage: { prompt_tokens: 3, total_tokens: 3 },
    model: "m",
    object: "list",
  });
});

test("models", async () => {
  const client = clientOf((path) => {
    const route = openai.routes.find(
      (candidate) => candidate.path === (path === "/v1/models" ? path : "/v1/models/{model}"),
    );
    if (route?.kind !== "document") throw new Error(`no route for ${path}`);
    return route.answer({ model: path.split("/").at(-1) ?? "" }, catalogueOf(modelOf(EMBEDDER)), {
      query: {},
      caller: undefined,
      nowMillis: 0,
    });
  });
  const listed = (await client.models.list()).data;
  expect(listed.map(({ id }) => id)).toEqual(["m"]);
  expect(await client.models.retrieve("m")).toEqual(listed[0]);
});

test.each<[ErrorCode, unknown, string]>([
  ["invalid_field", OpenAI.BadRequestError, "invalid_field"],
  ["invalid_key", OpenAI.AuthenticationError, "invalid_api_key"],
  ["not_allowed", OpenAI.PermissionDeniedError, "not_allowed"],
  ["unknown_model", OpenAI.NotFoundError, "model_not_found"],
  ["overloaded", OpenAI.RateLimitError, "rate_limit_exceeded"],
  ["model_not_ready", OpenAI.InternalServerError, "model_not_ready"],
])("%s raises the client's own class, with code and param", async (code, type, openaiCode) => {
  const error = new FarthingError(code, "What happened.", { field: "input" });
  const failing = clientOf(() => openai.encodeError(error, "r"));
  const raised: unknown = await failing.embeddings
    .create({ model: "m", input: "a" })
    .catch((thrown: unknown) => thrown);
  expect(raised).toBeInstanceOf(type);
  expect(raised).toMatchObject({ code: openaiCode, param: "input", message: `${error.status} What happened.` });
});
