/**
 * The header by which a caller says that a request is the same one again, sent once more because no answer came:
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
import { hash } from "node:crypto";
import { FarthingError, show } from "../errors.ts";
import type { HttpRequest } from "../protocols/spec/http.ts";

export const IDEMPOTENCY_KEY_HEADER = "idempotency-key";
export const MAX_KEY_LENGTH = 255;

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/** Undefined: the caller sends none. Throws `invalid_field`. */
export function readIdempotencyKey(headers: Readonly<Record<string, string>>): string | undefined {
  const key = headers[IDEMPOTENCY_KEY_HEADER];
  if (key === undefined) return undefined;
  if (key.length <= MAX_KEY_LENGTH && PRINTABLE_ASCII.test(key)) return key;
  throw new FarthingError(
    "invalid_field",
    `Idempotency-Key is ${show(key, 40)} (${key.length} characters); it must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters.`,
    { field: "Idempotency-Key" },
  );
}

export interface OnceName {
  readonly tenant: string;
  /** SHA-256 of route and key: what callers put into keys is in no table. Hex. */
  readonly id: string;
}

/** The same key on another route, or of another tenant, is another one. `route`: as the protocol's table has it. */
export const onceName = (tenant: string, route: string, key: string): OnceName => ({
  tenant,
  id: hash("sha256", `${route}\n${key}`, "hex"),
});

/** What must be the same for a request to be the same one: address, query and body. SHA-256, hex. */
export function fingerprintOf({ method, path, query, headers, body }: HttpRequest): string {
  const address = JSON.stringify([method, path, Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return hash(
    "sha256",
    Buffer.concat([Buffer.from(`${address}\n`), withoutBoundary(body, headers["content-type"] ?? "")]),
    "hex",
  );
}

/** Clients make up a new boundary each time they send the same form. https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1 */
function withoutBoundary(body: Uint8Array, contentType: string): Uint8Array {
  const [, quoted, plain] = /^multipart\/[^;]+;.*\bboundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return body;
  return Buffer.from(Buffer.from(body).toString("latin1").split(`--${boundary}`).join("--"), "latin1");
}
