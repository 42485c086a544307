import { answeredBy, bodyText, errorOf, inferenceRoute, request, tensorResult, versionOf } from "../fixture-model.ts";

const RERANKER = versionOf({ inputs: [], outputs: [] }, "rerank");
const ROUTE = inferenceRoute("/v1/rerank");
const open = (body: unknown) => ROUTE.open(request(JSON.stringify(body)), {});
const decode = (fields: object, version = RERANKER) =>
  open({ model: "rank", query: "q", documents: ["a", { text: "b" }, "c"], ...fields }).decode(version);
const SCORES = tensorResult({ name: "score", dataType: "FP32", shape: [3], data: Float32Array.of(0.25, 0.5, 0.25) });
const answer = (fields: object, result = SCORES) =>
  JSON.parse(bodyText(decode(fields).encode(result, answeredBy(RERANKER)))) as Record<string, unknown>;

test("documents as texts and as objects that hold one", () => {
  expect(decode({}).request).toEqual({
    type: "tensors",
    inputs: [
      { name: "query", dataType: "BYTES", shape: [1], data: ["q"] },
      { name: "documents", dataType: "BYTES", shape: [3], data: ["a", "b", "c"] },
    ],
    outputs: ["score"],
    places: { query: "query", documents: "documents[]" },
  });
  expect(decode({ truncate: true }).request).toMatchObject({ parameters: { truncate: true } });
});

test("best first; what is equally good keeps its order", () => {
  expect(answer({})).toEqual({
    id: "rerank-request-1",
    object: "list",
    model: "m",
    results: [
      { index: 1, relevance_score: 0.5 },
      { index: 0, relevance_score: 0.25 },
      { index: 2, relevance_score: 0.25 },
    ],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
});

test("the best few, with their documents", () => {
  expect(answer({ top_n: 2, return_documents: true }).results).toEqual([
    { index: 1, relevance_score: 0.5, document: { text: "b" } },
    { index: 0, relevance_score: 0.25, document: { text: "a" } },
  ]);
  expect(answer({ top_n: 99 }).results).toHaveLength(3);
  expect(answer({ top_n: null }).results).toHaveLength(3);
});

test.each([
  ["no query", { query: undefined }, "missing_field", "query"],
  ["no documents", { documents: undefined }, "missing_field", "documents"],
  ["an empty list", { documents: [] }, "invalid_field", "documents"],
  ["too many documents", { documents: new Array(2049).fill("a") }, "invalid_field", "documents"],
  ["an empty document", { documents: ["a", ""] }, "invalid_field", "documents[1]"],
  ["an object without a text", { documents: [{ title: "a" }] }, "invalid_field", "documents[0].text"],
  ["an empty query", { query: "" }, "invalid_field", "query"],
  ["none of them", { top_n: 0 }, "invalid_field", "top_n"],
  ["a flag that is none", { return_documents: "yes" }, "invalid_field", "return_documents"],
])("refused: %s", (_, fields, code, field) => {
  expect(errorOf(() => decode(fields))).toMatchObject({ code, field });
});

test("a model of another kind, fields of others, scores that are none", () => {
  expect(errorOf(() => decode({}, versionOf({ inputs: [], outputs: [] }, "embedding")))).toMatchObject({
    code: "unsupported_task",
    message: 'The model "rank" does embedding; /v1/rerank takes rerank models.',
  });
  expect(errorOf(() => decode({ rank_fields: ["text"] }))).toMatchObject({
    code: "unknown_field",
    field: "rank_fields",
  });
  const broken = tensorResult({ name: "score", dataType: "FP32", shape: [3], data: Float32Array.of(0, Number.NaN, 0) });
  expect(errorOf(() => answer({}, broken))).toMatchObject({ code: "internal" });
});
