import { Writable } from "node:stream";
import { type Answer, writeAnswer } from "../../../functions/inference/edges/answer-stream.ts";
import { HttpResponseStream } from "../../../local/lambda/runtime/response-stream.mjs";

beforeAll(() => {
  Object.assign(globalThis, { awslambda: { HttpResponseStream } });
});

/** A reader that takes its time: one chunk per turn of the event loop, and no more than one waiting. */
class SlowStream extends Writable {
  contentType: string | undefined;
  _onBeforeFirstWrite: ((write: (chunk: string | Uint8Array) => void) => void) | undefined;
  readonly received: Buffer[] = [];
  mostWaiting = 0;
  #begun = false;

  constructor() {
    super({ highWaterMark: 8 });
  }

  setContentType = (contentType: string): void => {
    this.contentType = contentType;
  };

  override write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
    if (!this.#begun) {
      this.#begun = true;
      this._onBeforeFirstWrite?.((first) => super.write(first));
    }
    const more = super.write(chunk, ...(rest as []));
    this.mostWaiting = Math.max(this.mostWaiting, this.writableLength);
    return more;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.received.push(Buffer.from(chunk));
    setImmediate(done);
  }
}

async function sent(answer: Answer) {
  const stream = new SlowStream();
  await writeAnswer(stream as unknown as awslambda.HttpResponseStream, answer);
  expect(stream.writableFinished).toBe(true);
  const bytes = Buffer.concat(stream.received);
  const end = bytes.indexOf(Buffer.alloc(8));
  return {
    stream,
    bytes,
    prelude: end === -1 ? undefined : (JSON.parse(bytes.subarray(0, end).toString()) as object),
    body: bytes.subarray(end + 8),
  };
}

const response = (body: string | Uint8Array | AsyncIterable<Uint8Array>) =>
  ({ type: "http", response: { status: 201, headers: { "x-a": "1" }, body } }) as const;

test.each([
  ["text", "zwölf", Buffer.from("zwölf")],
  ["bytes", Uint8Array.of(0, 1, 255), Buffer.of(0, 1, 255)],
  ["nothing", "", Buffer.alloc(0)],
])("%s follows the prelude", async (_, body, expected) => {
  const { prelude, body: received, stream } = await sent(response(body));
  expect(stream.contentType).toBe("application/vnd.awslambda.http-integration-response");
  expect(prelude).toEqual({ statusCode: 201, headers: { "x-a": "1" } });
  expect(received).toEqual(expected);
});

test("a stream waits for its reader instead of filling memory", async () => {
  async function* chunks() {
    for (let index = 0; index < 100; index++) yield Buffer.alloc(10, index);
  }
  const { body, stream } = await sent(response(chunks()));
  expect(body).toHaveLength(1_000);
  expect(stream.mostWaiting).toBeLessThan(100);
});

test("a frame goes out as it is, without a prelude", async () => {
  const { bytes, stream } = await sent({ type: "frames", bytes: Buffer.from("frame") });
  expect(bytes.toString()).toBe("frame");
  expect(stream.contentType).toBe("application/octet-stream");
});

test("so do many, at the reader's pace", async () => {
  async function* frames() {
    for (let index = 0; index < 100; index++) yield Buffer.alloc(10, index + 1);
  }
  const { bytes, stream } = await sent({ type: "frames", bytes: frames() });
  expect(bytes).toHaveLength(1_000);
  expect(stream.mostWaiting).toBeLessThan(100);
});

test("a reader that breaks off is an error of the call", async () => {
  const stream = new SlowStream();
  stream._write = (_chunk, _encoding, done: (error?: Error) => void) => done(new Error("broken pipe"));
  await expect(writeAnswer(stream as unknown as awslambda.HttpResponseStream, response("x"))).rejects.toThrow(
    "broken pipe",
  );
});
