/** Moderation and cutting; labels and scores are in ../text-tasks.test.ts. */

import { loadModel } from "../../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import { parseModelCard } from "../../../../core/models/card.ts";
import { sumGraph, textFolder } from "../model-folder.ts";
import { ask, closeTasks, expectClose, taskCard } from "./task-models.ts";

afterAll(closeTasks);

const LABELS = ["joy", "fear", "anger"];
const card = (thresholds?: Readonly<Record<string, number>>, text: object = {}) =>
  taskCard(
    "text-classification",
    { labels: LABELS, multiLabel: true, ...text },
    thresholds && { moderation: { thresholds } },
  );
const open = (...of: Parameters<typeof card>) =>
  loadModel(textFolder(sumGraph()), card(...of), { threads: 1 }, systemClock);

test("the labels that the card moderates, their scores, and which of them reach their threshold", async () => {
  const plain = await open();
  const { scores } = (await ask(plain, { text: ["good day", "bad"] })) as unknown as { readonly scores: number[] };
  const [, fear = 0, anger = 0, , fearOfBad = 0, angerOfBad = 0] = scores;
  const moderating = await open({ anger: Math.max(anger, angerOfBad), fear: Math.min(fear, fearOfBad) });
  const answer = await ask(moderating, { text: ["good day", "bad"] });
  expect(moderating.signature.outputs.slice(3)).toEqual([
    { name: "categories", dataType: "BYTES", shape: [2] },
    { name: "category_scores", dataType: "FP32", shape: [-1, 2] },
    { name: "category_flags", dataType: "BOOL", shape: [-1, 2] },
  ]);
  expect(answer.categories).toEqual(["anger", "fear"]);
  expectClose(answer.category_scores, [anger, fear, angerOfBad, fearOfBad]);
  expect(answer.category_flags).toEqual([Number(anger >= angerOfBad), 1, Number(angerOfBad >= anger), 1]);
  await Promise.all([plain.release(), moderating.release()]);
});

test("what a card may moderate", () => {
  expect(() => card({ envy: 0.5 })).toThrow('"envy" is none of text.labels');
  expect(() => card({ fear: 1.5 })).toThrow("moderation.thresholds.fear");
  expect(() => card({})).toThrow("at least one label");
  expect(() => parseModelCard({ ...card({ fear: 0.5 }), task: "embedding" }, "card")).toThrow("makes no moderations");
});

test("a text that is too long is cut where the caller says so, and the special tokens stay", async () => {
  const model = await open(undefined, { maxTokens: 4 });
  const cut = await ask(model, { text: ["good day bad night"] }, { truncate: true });
  const whole = await ask(model, { text: ["good day"] });
  expect(cut.scores).toEqual(whole.scores);
  expect(cut.tokens).toBe(4);
  await expect(ask(model, { text: ["good day bad"] }, { truncate: false })).rejects.toThrow("has 5 tokens");
  const endless = `good day ${"night ".repeat(1_000)}`;
  expect((await ask(model, { text: [endless] }, { truncate: true })).scores).toEqual(whole.scores);
  await model.release();
});

test("no text, and too many texts", async () => {
  const model = await open();
  for (const text of ["", "  "]) {
    await expect(ask(model, { text: ["good", text] })).rejects.toMatchObject({ field: "inputs[0].data[1]" });
  }
  await expect(ask(model, { text: new Array(2049).fill("good") })).rejects.toThrow("2049 texts");
  await model.release();
});
