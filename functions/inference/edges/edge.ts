import type { HttpRequest } from "../../../core/protocols/spec/http.ts";

/** One shape in which HTTP reaches a function. */
export interface Edge {
  recognises(event: object): boolean;
  decode(event: object): HttpRequest;
}

const NO_BODY = new Uint8Array(0);

/** Both doors send binary bodies as base64, and to a REST API that calls every type binary, every body is one. */
export function bodyOf(body: string | null | undefined, isBase64: boolean | undefined): Uint8Array {
  return body ? Buffer.from(body, isBase64 ? "base64" : "utf8") : NO_BODY;
}

export function lowerCaseNames(headers: Readonly<Record<string, string | undefined>> | null): Record<string, string> {
  const lowered: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) lowered[name.toLowerCase()] = value;
  }
  return lowered;
}
