/** As much of protobuf's encoding as reading and adding a few fields takes: https://protobuf.dev/programming-guides/encoding/ */

/** `bytes` for fields with a length, a view; `number` for the others, as far as a double holds it. */
export type OnField = (field: number, bytes: Uint8Array, number: number) => void;

const NOTHING = new Uint8Array(0);
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
    const tag = readVarint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case WIRE.varint:
        onField(field, NOTHING, readVarint());
        break;
      case WIRE.fixed64:
        at += 8;
        break;
      case WIRE.fixed32:
        at += 4;
        break;
      case WIRE.bytes: {
        const length = readVarint();
        if (at + length > bytes.length) throw new Error("a protobuf message is cut short");
        onField(field, bytes.subarray(at, at + length), 0);
        at += length;
        break;
      }
      default:
        throw new Error(`a protobuf message with a field of kind ${tag % 8}`);
    }
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
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Uint8Array.from([...bytes, left]);
}
