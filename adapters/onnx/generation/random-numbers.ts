/**
 * Small seeded generators: the same numbers on every machine. sfc32 by Chris Doty-Humphrey (PractRand), which passes the
 * statistical tests that matter at this size; its state is filled by splitmix32, so that seeds next to each other share nothing.
 */

/** Uniform on [0, 1), with 53 bits. */
export type RandomNumbers = () => number;

const WARM_UP_ROUNDS = 12;

export function seededNumbers(seed: readonly [number, number], stream: number): RandomNumbers {
  const fill = splitmix32(mixed(seed[0]) ^ mixed(seed[1] ^ 0x9e3779b9) ^ mixed(stream + 0x85ebca6b));
  let a = fill() ^ seed[0];
  let b = fill() ^ seed[1];
  let c = fill() ^ stream;
  let counter = 1;
  const next = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** Two words of 32 bits from a whole number of up to 53. */
export const seedOf = (value: number): readonly [number, number] => [
  value | 0,
  Math.floor(Math.abs(value) / 2 ** 32) ^ (value < 0 ? 1 << 31 : 0),
];

/** FNV-1a, twice: for requests without a seed, whose id is as random as anything. */
export function seedOfText(text: string): readonly [number, number] {
  let low = 0x811c9dc5;
  let high = 0x050c5d1f;
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(text.length - 1 - at), 0x01000193);
  }
  return [low, high];
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mixed(state);
  };
}

function mixed(value: number): number {
  let word = value | 0;
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}
