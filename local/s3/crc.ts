/**
 * CRC-32C and CRC-64/NVME, which Node does not have (zlib has CRC-32). Table-driven, one byte at a time; the 64 bits are
 * kept in two halves, since BigInt would be tens of times slower.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
const CRC32C_POLYNOMIAL = 0x82f63b78;
/** 0x9a6c9329ac4bc9b5, the reflected polynomial of CRC-64/NVME. */
const CRC64_HIGH = 0x9a6c9329;
const CRC64_LOW = 0xac4bc9b5;

const crc32cTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
  return value;
});

const crc64HighTable = new Uint32Array(256);
const crc64LowTable = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = (low >>> 1) | ((high & 1) << 31);
    high >>>= 1;
    if (odd) {
      high ^= CRC64_HIGH;
      low ^= CRC64_LOW;
    }
  }
  crc64HighTable[byte] = high;
  crc64LowTable[byte] = low;
}

export class Crc32c {
  #state = 0xffffffff;

  update(bytes: Uint8Array): void {
    let state = this.#state;
    for (const byte of bytes) state = (crc32cTable[(state ^ byte) & 0xff] as number) ^ (state >>> 8);
    this.#state = state;
  }

  /** Big-endian, as S3 writes it. */
  digest(): Buffer {
    const result = Buffer.alloc(4);
    result.writeUInt32BE((this.#state ^ 0xffffffff) >>> 0);
    return result;
  }
}

export class Crc64Nvme {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      const index = (low ^ byte) & 0xff;
      low = (crc64LowTable[index] as number) ^ ((low >>> 8) | (high << 24));
      high = (crc64HighTable[index] as number) ^ (high >>> 8);
    }
    this.#high = high;
    this.#low = low;
  }

  digest(): Buffer {
    const result = Buffer.alloc(8);
    result.writeUInt32BE((this.#high ^ 0xffffffff) >>> 0, 0);
    result.writeUInt32BE((this.#low ^ 0xffffffff) >>> 0, 4);
    return result;
  }
}
