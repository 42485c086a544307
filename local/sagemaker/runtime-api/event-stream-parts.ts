import { encodeEvent } from "../../lambda/api/event-stream.ts";

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_PayloadPart.html */
export const payloadPart = (bytes: Uint8Array): Buffer =>
  encodeEvent(
    { ":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream" },
    bytes,
  );

/** Cut wherever the length ends, in the middle of a character too: who reads a stream must not care. */
export function* partsOf(chunk: Uint8Array, maxBytes: number): Generator<Uint8Array> {
  for (let start = 0; start < chunk.length; start += maxBytes) yield chunk.subarray(start, start + maxBytes);
}

export type StreamFailure =
  | {
      readonly type: "ModelStreamError";
      readonly errorCode: "ModelInvocationTimeExceeded" | "StreamBroken";
      readonly message: string;
    }
  | { readonly type: "InternalStreamFailure"; readonly message: string };

/** How a stream that has begun says that it fails. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_ResponseStream.html */
export const streamFailure = (failure: StreamFailure): Buffer =>
  encodeEvent(
    { ":message-type": "exception", ":exception-type": failure.type, ":content-type": "application/json" },
    Buffer.from(
      JSON.stringify({
        Message: failure.message,
        ...(failure.type === "ModelStreamError" && { ErrorCode: failure.errorCode }),
      }),
    ),
  );
