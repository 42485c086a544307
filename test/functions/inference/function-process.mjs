/**
 * The inside of an execution environment for tests: loads a bundle with the global that Lambda gives to functions, and
 * passes on what its handler streams. What the function prints goes to standard output, as it does there.
 */
import { Writable } from "node:stream";

const { HttpResponseStream } = await import(process.env.TEST_RESPONSE_STREAM);
globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream };
const { handler } = await import(process.env.TEST_BUNDLE);
process.send({ type: "started" });

class Answer extends Writable {
  contentType = "";
  chunks = [];
  #begun = false;
  setContentType = (contentType) => {
    this.contentType = contentType;
  };
  write(chunk, ...rest) {
    if (!this.#begun) {
      this.#begun = true;
      this._onBeforeFirstWrite?.((first) => super.write(first));
    }
    return super.write(chunk, ...rest);
  }
  _write(chunk, _encoding, done) {
    this.chunks.push(chunk);
    setImmediate(done);
  }
}

process.on("message", async ({ event, requestId }) => {
  const answer = new Answer();
  try {
    await handler(event, answer, { awsRequestId: requestId, getRemainingTimeInMillis: () => 30_000 });
    const bytes = Buffer.concat(answer.chunks).toString("base64");
    process.send({ type: "answered", requestId, contentType: answer.contentType, bytes });
  } catch (error) {
    process.send({ type: "failed", requestId, message: String(error?.message ?? error) });
  }
});
