import { namedError } from "./errors.mjs";

const METHODS = [
  ...["cork", "uncork", "write", "end", "destroy", "setContentType"],
  ...["addListener", "on", "once", "prependListener", "prependOnceListener", "off", "removeListener"],
  ...["removeAllListeners", "setMaxListeners", "getMaxListeners", "listeners", "rawListeners", "listenerCount"],
  ...["eventNames", "emit"],
];
const WRITABLE_PROPERTIES = ["destroyed", "_onBeforeFirstWrite"];
const READABLE_PROPERTIES = [
  ...["writable", "writableFinished", "writableObjectMode", "writableEnded", "writableNeedDrain"],
  ...["writableHighWaterMark", "writableCorked", "writableLength"],
];

/**
 * What a streaming handler writes to: the outgoing request, narrowed to what Lambda's stream offers, so that code which
 * works here does not lean on anything that is missing there.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 */
export function createResponseStream(request) {
  let begun = false;
  const write = request.write.bind(request);
  request.setContentType = (contentType) => {
    if (begun) throw namedError("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.");
    request.setHeader("Content-Type", contentType);
  };
  request.write = (chunk, encoding, callback) => {
    const data = typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    if (!begun) request._onBeforeFirstWrite?.((first) => write(first));
    begun = true;
    return write(data, encoding, callback);
  };

  const stream = {};
  for (const method of METHODS) stream[method] = request[method].bind(request);
  for (const property of WRITABLE_PROPERTIES) {
    Object.defineProperty(stream, property, {
      get: () => request[property],
      set: (value) => {
        request[property] = value;
      },
    });
  }
  for (const property of READABLE_PROPERTIES) Object.defineProperty(stream, property, { get: () => request[property] });

  /** The answer has begun, so its status is out: the error follows in the trailers. */
  const fail = (document) => {
    if (request.writableEnded) return;
    request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": document.errorType,
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(document)).toString("base64"),
    });
    return new Promise((resolve) => request.end(resolve));
  };
  return { stream, fail };
}

/** Status and headers of an HTTP answer, then 8 NUL bytes, then the body. */
export const HttpResponseStream = {
  from(stream, prelude) {
    stream.setContentType("application/vnd.awslambda.http-integration-response");
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  },
};
