import { everyToken, mergedSpans } from "../../../../adapters/onnx/tasks/entities.ts";
import { ask, closeTasks, expectClose, openTask, softmax, taskCard, tokenLogits, wordVector } from "./task-models.ts";

afterAll(closeTasks);

const LABELS = ["O", "B-DAY", "I-DAY"];
const WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "day", "night"];
/** What the graph says of each word. */
const classOf = (word: string) => {
  const shares = softmax(wordVector(WORDS.indexOf(word), 3));
  const best = shares.indexOf(Math.max(...shares));
  return { label: LABELS[best] as string, score: shares[best] as number };
};
const open = (text: object = {}) =>
  openTask(tokenLogits(3), taskCard("token-classification", { labels: LABELS, ...text }));

test("every token of every text, with its place in characters", async () => {
  const model = await open();
  const texts = ["good  day bad", "night", "bad night good day"];
  const answer = await ask(model, { text: texts }, { aggregation: "none" });
  const expected = texts.flatMap((text, index) =>
    [...text.matchAll(/\w+/g)].flatMap((match) => {
      const { label, score } = classOf(match[0]);
      return label === "O" ? [] : [{ index, word: match[0], start: match.index, label, score }];
    }),
  );
  expect(expected.length).toBeGreaterThan(2);
  expect(answer.text_index).toEqual(expected.map(({ index }) => index));
  expect(answer.word).toEqual(expected.map(({ word }) => word));
  expect(answer.start).toEqual(expected.map(({ start }) => start));
  expect(answer.end).toEqual(expected.map(({ start, word }) => start + word.length));
  expect(answer.label).toEqual(expected.map(({ label }) => label));
  expectClose(
    answer.score,
    expected.map(({ score }) => score),
  );
});

test("spans by default: what begins with B- and goes on with I-", async () => {
  const model = await open();
  const text = "good  day bad night night";
  const answer = await ask(model, { text: [text] });
  const tokens = [...text.matchAll(/\w+/g)].map((match) => ({
    ...classOf(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }));
  const expected = mergedSpans(tokens);
  expect(answer.start).toEqual(expected.map(({ start }) => start));
  expect(answer.word).toEqual(expected.map(({ start, end }) => text.slice(start, end)));
  expect(answer.label).toEqual(expected.map(({ label }) => label));
});

test("a text without anything in it is an answer without elements", async () => {
  const model = await openTask(tokenLogits(3), taskCard("token-classification", { labels: ["O", "O", "O"] }));
  const answer = await ask(model, { text: ["good day"] });
  expect(answer).toMatchObject({ text_index: [], label: [], word: [], tokens: 4 });
});

test("too long: refused, or cut", async () => {
  const model = await open({ maxTokens: 4 });
  await expect(ask(model, { text: ["good", "good day bad"] })).rejects.toMatchObject({
    field: "inputs[0].data[1]",
    message: expect.stringContaining("has 5 tokens"),
  });
  const answer = await ask(model, { text: ["bad bad bad day"] }, { truncate: true, aggregation: "none" });
  expect(Math.max(0, ...(answer.end as number[]))).toBeLessThanOrEqual(7);
  expect(answer.tokens).toBe(4);
});

describe("spans out of tokens", () => {
  const token = (label: string, start: number, score = 0.5) => ({ label, start, end: start + 1, score });

  test.each([
    [
      ["B-A", "I-A", "O", "I-A"],
      [
        ["A", 0, 2],
        ["A", 3, 4],
      ],
    ],
    [
      ["B-A", "B-A"],
      [
        ["A", 0, 1],
        ["A", 1, 2],
      ],
    ],
    [
      ["I-A", "I-B", "I-B"],
      [
        ["A", 0, 1],
        ["B", 1, 3],
      ],
    ],
    [
      ["A", "A", "B"],
      [
        ["A", 0, 2],
        ["B", 2, 3],
      ],
    ],
    [["O", "O"], []],
  ])("%j", (labels, expected) => {
    const spans = mergedSpans(labels.map((label, at) => token(label, at)));
    expect(spans.map(({ label, start, end }) => [label, start, end])).toEqual(expected);
  });

  test("a span's score is the mean of its tokens'; tokens alone keep their labels", () => {
    const tokens = [token("B-A", 0, 0.4), token("I-A", 1, 0.8), token("O", 2)];
    expect(mergedSpans(tokens)[0]?.score).toBeCloseTo(0.6, 10);
    expect(everyToken(tokens).map(({ label }) => label)).toEqual(["B-A", "I-A"]);
  });
});
