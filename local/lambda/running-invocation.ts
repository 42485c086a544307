import type { InvocationResult } from "../simulator.ts";
import type { AnswerSink } from "./delivery.ts";
import { type FailureDocument, FunctionFailure } from "./function-failure.ts";
import { MAX_BUFFERED_RESPONSE_BYTES, MAX_STREAMED_RESPONSE_BYTES } from "./limits.ts";
import { ResponseBody } from "./response-body.ts";
import type { RuntimeResponse } from "./runtime-api.ts";

const TOO_LARGE = "Function.ResponseSizeTooLarge";

/**
 * The answer of one invocation, from the Runtime API's side to the caller's. The caller gets a result as soon as there is
 * one to get: for a streamed answer when its headers are there, else when it is complete.
 */
export class RunningInvocation implements AnswerSink {
  readonly requestId: string;
  readonly result: Promise<InvocationResult>;
  /** Resolves when the runtime has answered to the end, or the answer has failed. */
  readonly over: Promise<void>;
  /** What went wrong, for the report; undefined while all is well. */
  failure: FailureDocument | undefined;
  readonly #responseMode: "buffered" | "streaming";
  readonly #body = new ResponseBody();
  readonly #begun = Promise.withResolvers<InvocationResult>();
  readonly #now: () => number;
  #answeredAt: number | undefined;
  #failureIsAnswer = true;
  readonly #over = Promise.withResolvers<void>();
  /** Content type of an answer that is collected until it is complete. */
  #collecting: string | undefined;
  #bytes = 0;

  /** `now` counts milliseconds. */
  constructor(requestId: string, responseMode: "buffered" | "streaming", now: () => number) {
    this.requestId = requestId;
    this.#now = now;
    this.#responseMode = responseMode;
    this.result = this.#begun.promise;
    this.over = this.#over.promise;
  }

  /** Whether the runtime has answered to the end, well or badly. */
  get answered(): boolean {
    return this.#answeredAt !== undefined;
  }

  get answeredAt(): number | undefined {
    return this.#answeredAt;
  }

  /** The function failed, or its environment did. Before the answer has begun, the failure is the answer. */
  fail(failure: FailureDocument): void {
    if (this.answered) return;
    this.#answeredAt = this.#now();
    this.#over.resolve();
    this.failure = failure;
    this.#begin({ functionError: "Unhandled", contentType: "application/json" });
    if (!this.#failureIsAnswer) return this.#body.fail(new FunctionFailure(failure));
    this.#body.clear();
    this.#body.push(Buffer.from(JSON.stringify(failure)));
    this.#body.end();
  }

  begin(contentType: string, streaming: boolean): void {
    if (!streaming || this.#responseMode !== "streaming") {
      this.#collecting = contentType;
      return;
    }
    this.#failureIsAnswer = false;
    this.#begin({ contentType });
  }

  push(bytes: Uint8Array): boolean {
    if (this.answered) return true;
    this.#bytes += bytes.length;
    const limit = this.#collecting === undefined ? MAX_STREAMED_RESPONSE_BYTES : MAX_BUFFERED_RESPONSE_BYTES;
    if (this.#bytes > limit) {
      this.fail(tooLarge(limit));
      return true;
    }
    // What is collected has its own limit, and nobody reads before it is complete.
    return this.#body.push(bytes) || this.#collecting !== undefined;
  }

  end(): void {
    if (this.answered) return;
    if (this.#collecting !== undefined) this.#begin({ contentType: this.#collecting });
    this.#succeed();
  }

  set onDrain(callback: (() => void) | undefined) {
    this.#body.onDrain = callback;
  }

  receive(response: RuntimeResponse): void {
    if (response.streaming && this.#responseMode === "streaming") this.#stream(response);
    else this.#collect(response);
  }

  #stream(response: RuntimeResponse): void {
    const { message } = response;
    this.#failureIsAnswer = false;
    this.#begin({ contentType: response.contentType });
    this.#body.onDrain = () => message.resume();
    let bytes = 0;
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (this.answered) return;
      if (bytes > MAX_STREAMED_RESPONSE_BYTES) {
        this.fail(tooLarge(MAX_STREAMED_RESPONSE_BYTES));
      } else if (!this.#body.push(chunk)) message.pause();
    });
    message.on("end", () => {
      const failure = trailerFailure(message.trailers);
      if (failure === undefined) this.#succeed();
      else this.fail(failure);
      response.accept();
    });
  }

  #collect(response: RuntimeResponse): void {
    const { message } = response;
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BUFFERED_RESPONSE_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    message.on("end", () => {
      if (bytes > MAX_BUFFERED_RESPONSE_BYTES) {
        this.fail(tooLarge(MAX_BUFFERED_RESPONSE_BYTES));
        return response.refuseAsTooLarge();
      }
      const failure = trailerFailure(message.trailers);
      if (failure === undefined) {
        this.#begin({ contentType: response.contentType });
        for (const chunk of chunks) this.#body.push(chunk);
        this.#succeed();
      } else this.fail(failure);
      response.accept();
    });
  }

  #succeed(): void {
    if (this.answered) return;
    this.#answeredAt = this.#now();
    this.#over.resolve();
    this.#body.end();
  }

  #begin(head: Pick<InvocationResult, "contentType" | "functionError">): void {
    const body = this.#body;
    this.#begun.resolve({ requestId: this.requestId, ...head, body, takeWhole: () => body.takeWhole() });
  }
}

const tooLarge = (limitBytes: number): FailureDocument => ({
  errorType: TOO_LARGE,
  errorMessage: `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`,
});

/** https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming */
function trailerFailure(trailers: NodeJS.Dict<string>): FailureDocument | undefined {
  const errorType = trailers["lambda-runtime-function-error-type"];
  if (errorType === undefined) return undefined;
  try {
    const encoded = trailers["lambda-runtime-function-error-body"] ?? "";
    return { errorMessage: "", ...JSON.parse(Buffer.from(encoded, "base64").toString("utf8")), errorType };
  } catch {
    return { errorType, errorMessage: "The runtime reported an error without a readable document." };
  }
}
