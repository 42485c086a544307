import { ask, closeTasks, expectClose, openTask, pairLogit, pairLogits, sigmoid, taskCard } from "./task-models.ts";

afterAll(closeTasks);

const GOOD = 4;
const BAD = 5;
const DAY = 6;
const NIGHT = 7;
const DOCUMENTS = ["bad", "day night", "good good good", "night bad day"];
const IDS = [[BAD], [DAY, NIGHT], [GOOD, GOOD, GOOD], [NIGHT, BAD, DAY]];

test("each document with the query, as one row of two segments", async () => {
  const model = await openTask(pairLogits(1), taskCard("rerank", {}));
  expect(model.signature).toEqual({
    inputs: [
      { name: "query", dataType: "BYTES", shape: [1] },
      { name: "documents", dataType: "BYTES", shape: [-1] },
    ],
    outputs: [
      { name: "score", dataType: "FP32", shape: [-1] },
      { name: "logit", dataType: "FP32", shape: [-1] },
    ],
  });
  const { score, logit, tokens } = await ask(model, { query: ["good day"], documents: DOCUMENTS });
  const expected = IDS.map((ids) => pairLogit([GOOD, DAY], ids, 1)[0] as number);
  expectClose(logit, expected);
  expectClose(score, expected.map(sigmoid));
  expect(tokens).toBe(4 * (3 + 2) + 9);
});

test("100 documents one by one and together: the same scores", async () => {
  const model = await openTask(pairLogits(1), taskCard("rerank", {}));
  const words = ["good", "bad", "day", "night"];
  const documents = Array.from({ length: 100 }, (_, at) =>
    Array.from({ length: 1 + (at % 5) }, (_, word) => words[(at * 7 + word * 3) % 4]).join(" "),
  );
  const together = (await ask(model, { query: ["night"], documents })).logit as readonly number[];
  for (const at of [0, 1, 17, 50, 98, 99]) {
    const [alone] = (await ask(model, { query: ["night"], documents: [documents[at] as string] })).logit as number[];
    expect(alone).toBeCloseTo(together[at] as number, 5);
  }
});

test("a document that is too long is named, or cut where the caller says so; the query never is", async () => {
  const model = await openTask(pairLogits(1), taskCard("rerank", { maxTokens: 7 }));
  const long = "bad day night bad";
  const texts = { query: ["good"], documents: ["day", long] };
  await expect(ask(model, texts)).rejects.toMatchObject({
    code: "invalid_field",
    field: "inputs[1].data[1]",
    message: "inputs[1].data[1] with inputs[0].data[0] has 8 tokens; the model takes at most 7. Shorten or split it.",
  });
  const { logit, tokens } = await ask(model, texts, { truncate: true });
  expectClose(logit, [pairLogit([GOOD], [DAY], 1), pairLogit([GOOD], [BAD, DAY, NIGHT], 1)].flat());
  expect(tokens).toBe(5 + 7);
  await expect(
    ask(model, { query: ["good good good good"], documents: ["day"] }, { truncate: true }),
  ).rejects.toMatchObject({ field: "inputs[0].data[0]", message: expect.stringContaining("has 4 tokens") });
});

test("empty texts, and more than 2,048 documents", async () => {
  const model = await openTask(pairLogits(1), taskCard("rerank", {}));
  await expect(ask(model, { query: [" "], documents: ["day"] })).rejects.toMatchObject({ field: "inputs[0].data[0]" });
  await expect(ask(model, { query: ["day"], documents: ["day", ""] })).rejects.toMatchObject({
    code: "invalid_field",
    field: "inputs[1].data[1]",
  });
  expect((await ask(model, { query: ["day"], documents: new Array(2048).fill("day") })).tokens).toBe(2048 * 5);
  await expect(ask(model, { query: ["day"], documents: new Array(2049).fill("day") })).rejects.toThrow(
    "The request has 2049 documents; at most 2048 are allowed at once.",
  );
});

test("a graph with more than one logit per pair ranks nothing", async () => {
  await expect(openTask(pairLogits(3), taskCard("rerank", {}))).rejects.toThrow('"logits" [-1, 3]');
});
