/** As much of protobuf's encoding as reading and adding a few fields takes: https://protobuf.dev/programming-guides/encoding/ */

/**
 * `bytes` for fields with a length, a view; `number` for the others, as far as a double holds it. `whole`: the field as it is
 * encoded, a view.
 */
export type OnField = (field: number, bytes: Uint8Array, number: number, whole: Uint8Array) => void;

const NOTHING: Uint8Array = new Uint8Array(0);
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Throws an Error for bytes that are no message. */
export function eachField(bytes: Uint8Array, onField: OnField): void {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a protobuf message ends within a number");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const tag = readVarint();
    let content: Uint8Array = NOTHING;
    let number = 0;
    switch (tag % 8) {
      case WIRE.varint:
        number = readVarint();
        break;
      case WIRE.fixed64:
        at += 8;
        break;
      case WIRE.fixed32:
        at += 4;
        break;
      case WIRE.bytes: {
        const length = readVarint();
        content = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      default:
        throw new Error(`a protobuf message with a field of kind ${tag % 8}`);
    }
    if (at > bytes.length) throw new Error("a protobuf message is cut short");
    onField(Math.floor(tag / 8), content, number, bytes.subarray(start, at));
  }
}

const decoder = new TextDecoder();
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

/** A field of bytes: a text, or a message that is made of its parts. */
export function message(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([encoded(field * 8 + WIRE.bytes), encoded(length), ...parts]);
}

export const varint = (field: number, value: number): Uint8Array =>
  Buffer.concat([encoded(field * 8 + WIRE.varint), encoded(value)]);

function encoded(value: number): Uint8Array {
  if (value < 0) return negative(value);
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Uint8Array.from([...bytes, left]);
}

/** Two's complement in 64 bits: always ten bytes. */
function negative(value: number): Uint8Array {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) + 128);
  return Uint8Array.from([...bytes, Number(left)]);
}
