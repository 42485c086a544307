import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** As Hugging Face writes them → SPDX, where the two differ by more than case matters to a reader. */
const SPDX: Readonly<Record<string, string>> = {
  "apache-2.0": "Apache-2.0",
  mit: "MIT",
  "bsd-3-clause": "BSD-3-Clause",
  "bsd-2-clause": "BSD-2-Clause",
  "cc-by-4.0": "CC-BY-4.0",
  "cc-by-sa-4.0": "CC-BY-SA-4.0",
  "cc-by-nc-4.0": "CC-BY-NC-4.0",
  "cc0-1.0": "CC0-1.0",
};

/** How the texts of licences begin. */
const FIRST_WORDS: readonly (readonly [RegExp, string])[] = [
  [/Apache License\s+Version 2\.0/, "Apache-2.0"],
  [/^\s*(?:The )?MIT License/m, "MIT"],
  [/Permission is hereby granted, free of charge, to any person obtaining a copy/, "MIT"],
];
/** Front matter with many languages and datasets is long. */
const HEAD_CHARACTERS = 20_000;

/** SPDX identifier from the model's README (its front matter, as Hugging Face reads it) or its licence file; undefined when neither says. */
export function licenseIn(folder: string): string | undefined {
  const named = frontMatterOf(folder, "license");
  if (named !== undefined && named !== "other") return SPDX[named.toLowerCase()] ?? named;
  const text = headOf(folder, /^licen[sc]e(?:\.(?:md|txt))?$/i);
  return FIRST_WORDS.find(([pattern]) => pattern.test(text))?.[1];
}

/** One plain value of the YAML that the README of a model on the Hub begins with. */
export function frontMatterOf(folder: string, key: "license" | "pipeline_tag"): string | undefined {
  const [, frontMatter = ""] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(headOf(folder, /^readme\.md$/i)) ?? [];
  return new RegExp(`^${key}:\\s*["']?([\\w.+-]+)`, "m").exec(frontMatter)?.[1];
}

function headOf(folder: string, pattern: RegExp): string {
  const file = readdirSync(folder).find((name) => pattern.test(name));
  return file === undefined ? "" : readFileSync(join(folder, file), "utf8").slice(0, HEAD_CHARACTERS);
}
