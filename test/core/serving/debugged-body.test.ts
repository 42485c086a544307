import { type DebugLine, debuggedBody, MAX_LOGGED_BYTES } from "../../../core/serving/debugged-body.ts";

const call = (body: string | Uint8Array) => ({
  request: {
    method: "POST",
    path: "/v1/embeddings",
    query: {},
    headers: { authorization: "Bearer secret" },
    body: Buffer.from(body),
  },
  requestId: "r",
  tenant: "acme",
  key: "fk_aaaa",
});

function tell(request: string | Uint8Array, answer: Parameters<typeof debuggedBody>[0]["body"]) {
  const lines: DebugLine[] = [];
  const response = debuggedBody({ status: 200, headers: {}, body: answer }, call(request), (line) => lines.push(line));
  return { lines, response };
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test("a ready answer is told at once, without headers", () => {
  const { lines } = tell("question", "answer");
  expect(lines).toEqual([
    {
      debug: "farthing.debug/1",
      requestId: "r",
      tenant: "acme",
      key: "fk_aaaa",
      method: "POST",
      path: "/v1/embeddings",
      request: { bytes: 8, text: "question" },
      status: 200,
      answer: { bytes: 6, text: "answer" },
    },
  ]);
});

test("a stream passes as it comes and is told when it ends", async () => {
  const { lines, response } = tell("q", chunks("one ", "two"));
  const seen: string[] = [];
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    expect(lines).toEqual([]);
    seen.push(Buffer.from(chunk).toString());
  }
  expect(seen).toEqual(["one ", "two"]);
  expect(lines).toMatchObject([{ answer: { bytes: 7, text: "one two" } }]);
});

test("a stream that its reader leaves is told as far as it came, once", async () => {
  const { lines, response } = tell("q", chunks("one ", "two"));
  for await (const _ of response.body as AsyncIterable<Uint8Array>) break;
  expect(lines).toMatchObject([{ answer: { bytes: 4, text: "one " } }]);
});

test("what is long is cut, what is no text is in base64", () => {
  const long = tell("é".repeat(MAX_LOGGED_BYTES), Buffer.from([0xff, 0xfe, 0, 1]));
  const [line] = long.lines;
  expect(line?.request.bytes).toBe(2 * MAX_LOGGED_BYTES);
  expect(line?.request).toHaveProperty("text");
  expect(Buffer.byteLength((line?.request as { text: string }).text)).toBeLessThanOrEqual(MAX_LOGGED_BYTES + 3);
  expect(line?.answer).toEqual({ bytes: 4, base64: "//4AAQ==" });
});
