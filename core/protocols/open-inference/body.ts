/**
 * The two halves of a body: the JSON object, and the raw tensor bytes behind it (Triton's binary tensor data extension).
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
 */
import { FarthingError } from "../../errors.ts";
import { quoted } from "../json/received.ts";
import type { HttpRequest } from "../spec/http.ts";

export const HEADER_LENGTH = "inference-header-content-length";

export type Body =
  /** JSON, with `binary` behind it where a header told the length of the JSON. */
  | { readonly type: "json"; readonly json: Uint8Array; readonly binary: Uint8Array | undefined }
  /** A header length of 0: the bytes of the only input and nothing else. */
  | { readonly type: "raw"; readonly bytes: Uint8Array };

/** Throws `invalid_field` for a header that is no length, `malformed_body` for one beyond the body. */
export function splitBody(request: HttpRequest): Body {
  const { body } = request;
  const header = request.headers[HEADER_LENGTH];
  if (header === undefined) return { type: "json", json: body, binary: undefined };
  if (!/^\d{1,15}$/.test(header)) {
    throw new FarthingError(
      "invalid_field",
      `The header ${HEADER_LENGTH} is ${quoted(header)}; it must be the length of the JSON part in bytes.`,
      { field: HEADER_LENGTH },
    );
  }
  const length = Number(header);
  if (length === 0) return { type: "raw", bytes: body };
  if (length > body.length) {
    throw new FarthingError(
      "malformed_body",
      `The body is truncated: ${HEADER_LENGTH} promises ${length} bytes of JSON, ${body.length} bytes came in all.`,
      { field: HEADER_LENGTH },
    );
  }
  return { type: "json", json: body.subarray(0, length), binary: body.subarray(length) };
}

/** Hands out the binary section, tensor by tensor, in the order of the JSON. */
export class BinarySection {
  readonly #bytes: Uint8Array | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  take(size: number, path: string): Uint8Array {
    const field = `${path}.parameters.binary_data_size`;
    if (this.#bytes === undefined) {
      throw new FarthingError(
        "malformed_body",
        `${field} is ${size}, but the request has no ${HEADER_LENGTH} header, so no binary data can follow the JSON.`,
        { field },
      );
    }
    const left = this.#bytes.length - this.#offset;
    if (size > left) {
      throw new FarthingError("malformed_body", `The body is truncated: ${field} is ${size}, ${left} bytes are left.`, {
        field,
      });
    }
    this.#offset += size;
    return this.#bytes.subarray(this.#offset - size, this.#offset);
  }

  /** Bytes that nobody claimed mean that sizes and data disagree: the tensors would be wrong. */
  end(): void {
    const left = (this.#bytes?.length ?? 0) - this.#offset;
    if (left === 0) return;
    throw new FarthingError(
      "malformed_body",
      `${left} bytes follow the last binary tensor; the binary_data_size of all inputs must add up to the binary part.`,
    );
  }
}
