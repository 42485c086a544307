import { parseModelCard } from "../../../../core/models/card.ts";
import { ask, closeTasks, expectClose, openTask, pairLogit, pairLogits, softmax, taskCard } from "./task-models.ts";

afterAll(closeTasks);

const LABELS = ["contradiction", "neutral", "entailment"];
const GOOD = 4;
const BAD = 5;
const DAY = 6;
const NIGHT = 7;
const card = (text: object = {}) =>
  taskCard("zero-shot-classification", { labels: LABELS, hypothesisTemplate: "day {}", ...text });
const logits = (text: readonly number[], label: number) => pairLogit(text, [DAY, label], 3);

test("labels share the score by their entailment", async () => {
  const model = await openTask(pairLogits(3), card());
  expect(model.signature.inputs.map(({ name }) => name)).toEqual(["text", "candidate_labels"]);
  expect(model.signature.outputs.map(({ shape }) => shape)).toEqual([[-1], [-1], [-1, -1]]);
  const answer = await ask(model, { text: ["good", "night day"], candidate_labels: ["good", "bad", "night"] });
  const expected = [[GOOD], [NIGHT, DAY]].map((text) =>
    softmax([GOOD, BAD, NIGHT].map((label) => logits(text, label)[2] as number)),
  );
  expectClose(answer.scores, expected.flat());
  const best = expected.map((scores) => scores.indexOf(Math.max(...scores)));
  expect(answer.label).toEqual(best.map((at) => ["good", "bad", "night"][at]));
  expectClose(
    answer.score,
    best.map((at, row) => expected[row]?.[at] as number),
  );
});

test("each label on its own, when the caller says so or there is only one", async () => {
  const model = await openTask(pairLogits(3), card());
  const alone = (label: number) => {
    const [contradiction, , entailment] = logits([GOOD], label) as [number, number, number];
    return softmax([contradiction, entailment])[1] as number;
  };
  const many = await ask(model, { text: ["good"], candidate_labels: ["good", "bad"] }, { multiLabel: true });
  expectClose(many.scores, [alone(GOOD), alone(BAD)]);
  const one = await ask(model, { text: ["good"], candidate_labels: ["bad"] });
  expectClose(one.scores, [alone(BAD)]);
});

test("classes of two: entailment against the other one", async () => {
  const model = await openTask(pairLogits(2), card({ labels: ["ENTAILMENT", "not_entailment"] }));
  const { scores } = await ask(model, { text: ["good"], candidate_labels: ["bad"] });
  expectClose(scores, [softmax(pairLogit([GOOD], [DAY, BAD], 2))[0] as number]);
});

test("the caller's own sentence", async () => {
  const model = await openTask(pairLogits(3), card());
  const texts = { text: ["good"], candidate_labels: ["bad", "night"] };
  const { scores } = await ask(model, texts, { hypothesisTemplate: "{} night" });
  expectClose(scores, softmax([BAD, NIGHT].map((label) => pairLogit([GOOD], [label, NIGHT], 3)[2] as number)));
  await expect(ask(model, texts, { hypothesisTemplate: "no place" })).rejects.toMatchObject({
    field: "parameters.hypothesis_template",
  });
});

test("too long: refused, or the text is cut and never the label; too many pairs", async () => {
  const model = await openTask(pairLogits(3), card({ maxTokens: 7 }));
  const texts = { text: ["good bad night"], candidate_labels: ["bad"] };
  await expect(ask(model, texts)).rejects.toMatchObject({ message: expect.stringContaining("has 8 tokens") });
  const cut = await ask(model, texts, { truncate: true });
  const [contradiction, , entailment] = pairLogit([GOOD, BAD], [DAY, BAD], 3) as [number, number, number];
  expectClose(cut.scores, [softmax([contradiction, entailment])[1] as number]);
  await expect(
    ask(model, { text: new Array(205).fill("good"), candidate_labels: new Array(10).fill("bad") }),
  ).rejects.toThrow("The request has 2050 pairs of text and label");
});

test("a card without an entailment is refused", () => {
  const labels = ["yes", "no"];
  expect(() => card({ labels })).toThrow('one of the labels must be "entailment"');
  expect(() => parseModelCard({ ...card(), text: { ...card().text, labels } }, "card")).toThrow("text.labels");
});
