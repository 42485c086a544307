import { call, type Deployment } from "./deployment.ts";

const PIXELS = Array.from({ length: 784 }, () => 0);
const image = (change: object = {}) => ({
  name: "image",
  datatype: "FP32",
  shape: [1, 1, 28, 28],
  data: PIXELS,
  ...change,
});
const INFER = "/v2/models/digits/infer";

interface Case {
  readonly what: string;
  readonly path?: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  /** What the message has to say: the field, the value received, what is allowed. */
  readonly says: readonly RegExp[];
}

const CASES: readonly Case[] = [
  { what: "malformed JSON", body: '{"inputs": [', status: 400, says: [/JSON/] },
  { what: "a body that is no object", body: "[]", status: 400, says: [/object/] },
  { what: "no inputs", body: {}, status: 400, says: [/inputs/] },
  {
    what: "a wrong dtype",
    body: { inputs: [image({ datatype: "INT64" })] },
    status: 400,
    says: [/datatype/, /INT64/, /FP32/],
  },
  { what: "an unknown dtype", body: { inputs: [image({ datatype: "FLOAT" })] }, status: 400, says: [/FLOAT/] },
  {
    what: "a wrong shape",
    body: { inputs: [image({ shape: [1, 28, 28] })] },
    status: 400,
    says: [/shape/, /1, ?28, ?28/],
  },
  {
    what: "a shape that does not fit its data",
    body: { inputs: [image({ data: [1, 2, 3] })] },
    status: 400,
    says: [/784/, /3/],
  },
  { what: "a missing input", body: { inputs: [] }, status: 400, says: [/image/] },
  {
    what: "an extra input",
    body: { inputs: [image(), image({ name: "mask" })] },
    status: 400,
    says: [/mask/, /image/],
  },
  { what: "the same input twice", body: { inputs: [image(), image()] }, status: 400, says: [/image/] },
  { what: "NaN", body: { inputs: [image({ data: [null, ...PIXELS.slice(1)] })] }, status: 400, says: [/data\[0\]/] },
  {
    what: "an empty batch",
    body: { inputs: [image({ shape: [0, 1, 28, 28], data: [] })] },
    status: 400,
    says: [/shape/, /0/],
  },
  {
    what: "an unknown model",
    path: "/v2/models/nothing/infer",
    body: { inputs: [image()] },
    status: 404,
    says: [/nothing/],
  },
  {
    what: "an unknown version",
    path: "/v2/models/digits/versions/000000000000/infer",
    body: { inputs: [image()] },
    status: 404,
    says: [/000000000000/],
  },
  {
    what: "a truncated binary tensor",
    body: `${JSON.stringify({ inputs: [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], parameters: { binary_data_size: 3136 } }] })}1234`,
    headers: { "inference-header-content-length": "111", "content-type": "application/octet-stream" },
    status: 400,
    says: [/./],
  },
  {
    what: "an OpenAI route for a model that makes no embeddings",
    path: "/v1/embeddings",
    body: { model: "digits", input: "x" },
    status: 400,
    says: [/digits/, /embedding/],
  },
  {
    what: "an empty text",
    path: "/v1/embeddings",
    body: { model: "sentences", input: "" },
    status: 400,
    says: [/input/],
  },
];

export function badInputSuite(deployment: () => Deployment): void {
  describe("bad input gets the right status and names the field, the value and what is allowed", () => {
    test.each(CASES)("$what", async ({ path = INFER, body, headers, status, says }) => {
      const answer = await call(deployment(), path, { body, ...(headers && { headers }) });
      const message = path.startsWith("/v1/") ? answer.body.error.message : answer.body.error;
      expect({ status: answer.status, message }).toEqual({ status, message: expect.any(String) });
      for (const pattern of says) expect(message).toMatch(pattern);
      expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.(?:ts|js|mjs):\d+|node:internal/);
    });

    test("a body over the limit", async () => {
      const answer = await call(deployment(), INFER, { body: `{"inputs": [${" ".repeat(7 * 1024 * 1024)}]}` });
      expect(answer.status).toBe(413);
      expect(JSON.stringify(answer.body)).toMatch(/error|Too Long/i);
    });

    test("a missing and a wrong key, in both protocols", async () => {
      const { url } = deployment();
      for (const [path, message] of [
        ["/v2/models/digits", (body: { error: string }) => body.error],
        ["/v1/models", (body: { error: { message: string } }) => body.error.message],
      ] as const) {
        const missing = await fetch(url + path);
        const wrong = await fetch(url + path, { headers: { authorization: `Bearer fk_${"A".repeat(43)}` } });
        expect([missing.status, wrong.status]).toEqual([401, 401]);
        expect(message((await missing.json()) as never)).toMatch(/key/i);
        expect(message((await wrong.json()) as never)).toMatch(/key/i);
      }
    });
  });
}
