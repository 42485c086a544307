/** Real texts of the shared data: sentences in pairs with how alike people find them, and messages. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Pair {
  readonly first: string;
  readonly second: string;
  /** 0 (nothing in common) to 5 (the same). */
  readonly likeness: number;
}

/** `part`: "dev" to learn from, "test" to ask. A tab separates columns, and quotation marks are text. */
export function pairs(evaluation: string, part: "dev" | "test"): readonly Pair[] {
  const lines = readFileSync(join(evaluation, "stsbenchmark", `sts-${part}.csv`), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const [, , , , likeness, first, second] = line.split("\t") as string[];
    return { first: first as string, second: second as string, likeness: Number(likeness) };
  });
}

export function messages(evaluation: string): readonly { readonly text: string; readonly isSpam: boolean }[] {
  const rows = JSON.parse(readFileSync(join(evaluation, "sms-spam/test.json"), "utf8")) as readonly {
    readonly text: string;
    readonly label: number;
  }[];
  return rows.filter(({ text }) => text.length < 300).map(({ text, label }) => ({ text, isSpam: label === 1 }));
}

/** `count` of them, spread over the whole. */
export const spread = <T>(all: readonly T[], count: number): T[] =>
  Array.from({ length: count }, (_, at) => all[Math.floor((at * all.length) / count)] as T);
