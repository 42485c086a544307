import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { addModel } from "../../../adapters/model-folder/add-model.ts";
import { licenseIn } from "../../../adapters/model-folder/license.ts";

const DIGITS = resolve("models/digits");
const SPAM = resolve("models/sms-spam");

let folder: string;
let models: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "farthing-add-"));
  models = join(folder, "models");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const add = (source: string, options: object = {}) => addModel({ source, models, force: false, ...options });
const cardIn = (place: string) => JSON.parse(readFileSync(join(place, "model.json"), "utf8"));
/** A copy of a demo model without its card. */
function withoutCard(source: string, name = "plain"): string {
  const copy = join(folder, name);
  cpSync(source, copy, { recursive: true });
  rmSync(join(copy, "model.json"));
  return copy;
}

test("a folder with a card comes with what the card names, and its papers; nothing else", async () => {
  const { folder: target, card, signature, open } = await add(DIGITS);
  expect(target).toBe(join(models, "digits"));
  expect(readdirSync(target).toSorted()).toEqual([
    "LICENSE",
    "NOTICE.md",
    "evaluation.json",
    "model.json",
    "model.onnx",
  ]);
  expect(card).toEqual(cardIn(DIGITS));
  expect(signature.inputs).toEqual([{ name: "image", dataType: "FP32", shape: [-1, 1, 28, 28] }]);
  expect(open).toEqual([]);
});

test("name, group and task may be said anew", async () => {
  const { card } = await add(DIGITS, { name: "numbers", group: "large" });
  expect(cardIn(join(models, "numbers"))).toEqual(card);
  expect(card).toMatchObject({ name: "numbers", placement: { group: "large" } });
});

test("one .onnx file comes alone, under its own name", async () => {
  const { folder: target, card } = await add(join(DIGITS, "model.onnx"), { name: "bare" });
  expect(readdirSync(target).toSorted()).toEqual(["model.json", "model.onnx"]);
  expect(card).toMatchObject({ name: "bare", task: "tensor", artifacts: { model: "model.onnx" } });
});

test("a Hugging Face folder gets a card from its files", async () => {
  const source = withoutCard(SPAM, "Plain-SPAM");
  writeFileSync(
    join(source, "config.json"),
    JSON.stringify({
      architectures: ["BertForSequenceClassification"],
      id2label: { 0: "ham", 1: "spam" },
      max_position_embeddings: 256,
    }),
  );
  mkdirSync(join(source, "onnx"));
  cpSync(join(source, "model.onnx"), join(source, "onnx/model.onnx"));
  rmSync(join(source, "model.onnx"));
  const { card, open } = await add(source);
  expect(card).toMatchObject({
    name: "plain-spam",
    task: "text-classification",
    license: "Apache-2.0",
    artifacts: { model: "onnx/model.onnx", tokenizer: "tokenizer.json", config: "config.json" },
    text: { labels: ["ham", "spam"], maxTokens: 256 },
  });
  expect(existsSync(join(models, "plain-spam/onnx/model.onnx"))).toBe(true);
  expect(open.length).toBeGreaterThan(0);
});

test("a folder that lies in the project already gets its card in place", async () => {
  mkdirSync(models);
  cpSync(DIGITS, join(models, "here"), { recursive: true });
  rmSync(join(models, "here/model.json"));
  const { folder: target } = await add(join(models, "here"));
  expect(target).toBe(join(models, "here"));
  expect(cardIn(target)).toMatchObject({ name: "here", task: "tensor" });
});

describe("what is there already", () => {
  test("stays, unless --force", async () => {
    await add(DIGITS);
    await expect(add(DIGITS)).rejects.toThrow(/digits is there already. --force replaces it, --name/);
    writeFileSync(join(models, "digits/old.txt"), "gone after a replacement");
    await add(DIGITS, { force: true });
    expect(existsSync(join(models, "digits/old.txt"))).toBe(false);
  });

  test("stays when the new one does not load", async () => {
    await add(DIGITS);
    const broken = join(folder, "broken");
    cpSync(DIGITS, broken, { recursive: true });
    writeFileSync(join(broken, "model.onnx"), readFileSync(join(DIGITS, "model.onnx")).subarray(0, 1_000));
    await expect(add(broken, { force: true })).rejects.toThrow(/model\.onnx does not load/);
    expect(readdirSync(models)).toEqual(["digits"]);
    expect(readFileSync(join(models, "digits/model.onnx"))).toEqual(readFileSync(join(DIGITS, "model.onnx")));
  });
});

describe("errors say what to do", () => {
  test.each<[string, (at: string) => string, RegExp]>([
    ["nothing there", (at) => join(at, "nowhere"), /nowhere is not there/],
    ["no graph", (at) => at, /has no \.onnx file; looked for model\.onnx/],
    [
      "several graphs",
      (at) => {
        for (const name of ["a.onnx", "b.onnx"]) cpSync(join(DIGITS, "model.onnx"), join(at, name));
        return at;
      },
      /several \.onnx files: a\.onnx, b\.onnx\. Name one: .*a\.onnx/,
    ],
    [
      "another kind of file",
      (at) => {
        writeFileSync(join(at, "weights.pt"), "");
        return join(at, "weights.pt");
      },
      /neither a folder nor an \.onnx file/,
    ],
    [
      "a card with a typo",
      (at) => {
        writeFileSync(join(at, "model.json"), JSON.stringify({ ...cardIn(DIGITS), taks: "tensor" }));
        return at;
      },
      /not a valid model card:[\s\S]*taks/,
    ],
    [
      "a card that names what is not there",
      (at) => {
        writeFileSync(join(at, "model.json"), JSON.stringify(cardIn(DIGITS)));
        return at;
      },
      /the card names model\.onnx, which is not in/,
    ],
    [
      "a card that does not fit the graph",
      (at) => {
        cpSync(SPAM, at, { recursive: true });
        const card = cardIn(SPAM);
        writeFileSync(
          join(at, "model.json"),
          JSON.stringify({ ...card, text: { ...card.text, labels: ["a", "b", "c"] } }),
        );
        return at;
      },
      /text\.labels has 3 labels/,
    ],
    ["a name that is none", (at) => withoutCard(DIGITS, `${at.split("/").at(-1)}_Ümlaut`), /name: lower-case letters/],
  ])("%s", async (_what, prepare, message) => {
    const at = mkdtempSync(join(folder, "source-"));
    await expect(add(prepare(at))).rejects.toThrow(message);
    expect(existsSync(models) ? readdirSync(models) : []).toEqual([]);
  });
});

describe("licences", () => {
  test.each([
    ["README.md", "---\nlanguage: en\nlicense: apache-2.0\n---\n# A model", "Apache-2.0"],
    ["README.md", "---\nlicense: 'CC-BY-4.0'\n---", "CC-BY-4.0"],
    ["README.md", "---\nlicense: llama3.2\n---", "llama3.2"],
    ["README.md", "# No front matter\nlicense: mit", undefined],
    ["LICENSE", "MIT License\n\nCopyright (c) 2026", "MIT"],
    [
      "LICENSE.txt",
      "                                 Apache License\n                           Version 2.0, January 2004",
      "Apache-2.0",
    ],
    ["LICENCE", "All rights reserved", undefined],
  ])("%s: %j", (file, text, expected) => {
    writeFileSync(join(folder, file), text);
    expect(licenseIn(folder)).toBe(expected);
  });
});
