import { isBinary } from "./media-types.ts";
import { clientHeaders, isRecord, type ResponseHeaders } from "./response-headers.ts";

export interface ProxyResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Buffer;
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

/**
 * The answer of a buffered proxy integration. Throws an Error that says why it is not one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
 */
export function readProxyResponse(
  payload: Buffer,
  accept: string | undefined,
  binaryMediaTypes: readonly string[],
): ProxyResponse {
  const answer: unknown = JSON.parse(payload.toString("utf8"));
  if (!isRecord(answer)) throw new Error("the function's answer is not a JSON object");
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = answer;
  const status = Number(statusCode ?? Number.NaN);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new Error(`statusCode is ${JSON.stringify(statusCode)}, not a status from 200 to 599`);
  }
  if (headers != null && !isRecord(headers)) throw new Error("headers is not an object");
  if (multiValueHeaders != null && !isRecord(multiValueHeaders)) throw new Error("multiValueHeaders is not an object");
  if (body != null && typeof body !== "string") throw new Error(`body is ${typeof body}, not a string`);
  if (isBase64Encoded != null && typeof isBase64Encoded !== "boolean")
    throw new Error("isBase64Encoded is not a boolean");
  const clean = clientHeaders(headers ?? undefined, multiValueHeaders ?? undefined, isScalar);
  const contentType = clean.find(([name]) => name.toLowerCase() === "content-type");
  // API Gateway decodes only what the client accepts as binary; its first media type counts.
  const decodes = isBase64Encoded === true && isBinary(accept?.split(",")[0], binaryMediaTypes);
  return {
    status,
    headers: contentType === undefined ? [...clean, ["content-type", ["application/json"]]] : clean,
    body: Buffer.from(body ?? "", decodes ? "base64" : "utf8"),
  };
}
