/**
 * Tasks of texts and pictures on real inputs, through the API of the running platform, against the same model run by ONNX Runtime
 * alone: the library's own encoding of a pair, one row at a time, and the arithmetic of each task written out here once more.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/farthing.ts";
import { sigmoid, softmax } from "../adapters/onnx/tasks/task-models.ts";
import { recordingTerminal } from "../cli/recording-terminal.ts";
import { call } from "../conformance/deployment.ts";
import { describeWithData, SHARED_DATA } from "../shared-data.ts";
import { type Reference, reference } from "./learned-models/encoder.ts";
import {
  ENTAILMENT_LABELS,
  type LearnedModels,
  learnedModels,
  MESSAGE_LABELS,
  NAME_LABELS,
} from "./learned-models/learn.ts";
import { messages, pairs, spread } from "./learned-models/real-texts.ts";
import { type RunningFarthing, startFarthing } from "./running-farthing.ts";

const LONG_MILLIS = 120_000;
/** A batch adds up in another order than a row alone. */
const SCORES_WITHIN = 1e-4;
const EVALUATION = join(SHARED_DATA, "eval");

describeWithData("models/minilm-l6-v2", "tasks with a learned head", (encoder) => {
  let folder: string;
  let farthing: RunningFarthing;
  let learned: LearnedModels;
  const opened: Reference[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "farthing-learned-"));
    const state = join(folder, "state");
    farthing = await startFarthing(state);
    learned = await learnedModels(encoder, EVALUATION, join(folder, "exports"));
  }, LONG_MILLIS);
  afterAll(async () => {
    await farthing?.end("SIGTERM");
    for (const one of opened) await one.release();
    rmSync(folder, { recursive: true, force: true });
  });

  async function command(...args: readonly string[]): Promise<void> {
    const terminal = recordingTerminal();
    const code = await main(args, terminal);
    if (code !== 0) throw new Error(`farthing ${args.join(" ")} ended with ${code}: ${terminal.notes.join("\n")}`);
  }

  /** Into the project and the platform, as any model; `more` is added to its card. Answers what to compare with. */
  async function bring(source: string, name: string, more: object = {}): Promise<Reference> {
    await command("model", "add", source, "--name", name, "--to", join(folder, "models"));
    const card = join(folder, "models", name, "model.json");
    writeFileSync(card, JSON.stringify({ ...JSON.parse(readFileSync(card, "utf8")), ...more }));
    await command("model", "publish", name, join(folder, "models", name), "--state", join(folder, "state"));
    const alone = await reference(join(source, "onnx/model.onnx"), source);
    opened.push(alone);
    return alone;
  }

  async function post(path: string, body: object) {
    const answer = await call(farthing.ready, path, { body });
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async function infer(name: string, inputs: readonly object[], parameters: object = {}): Promise<Outputs> {
    const body = await post(`/v2/models/${name}/infer`, { inputs, parameters });
    const outputs = body.outputs as readonly { readonly name: string; readonly data: never[] }[];
    return Object.fromEntries(outputs.map(({ name: output, data }) => [output, data]));
  }
  type Outputs = Readonly<Record<string, readonly never[]>>;

  test(
    "rerank: 120 documents for 6 queries, in the order of the scores",
    async () => {
      const alone = await bring(learned.ranker, "ranker");
      const questions = spread(pairs(EVALUATION, "test"), 6);
      const answers = spread(pairs(EVALUATION, "test"), 120).map(({ second }) => second);
      let distinct = 0;
      for (const [at, { first: query, second }] of questions.entries()) {
        const documents = [second, ...answers.slice(at * 20, at * 20 + 19)];
        const { results } = await post("/v1/rerank", { model: "ranker", query, documents });
        const expected: number[] = [];
        for (const document of documents) expected.push(sigmoid((await alone.run(query, document))[0] as number));
        const found = results as readonly { readonly index: number; readonly relevance_score: number }[];
        expect(found.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...documents.keys()]);
        for (const { index, relevance_score: score } of found) expectNear(score, expected[index]);
        // Best first, by the reference's scores too, but for scores that are equal within the tolerance.
        for (const [place, { index }] of found.entries()) {
          const next = found[place + 1];
          if (next === undefined) continue;
          expect((expected[index] as number) + SCORES_WITHIN).toBeGreaterThan(expected[next.index] as number);
          if (Math.abs((expected[index] as number) - (expected[next.index] as number)) > SCORES_WITHIN) distinct++;
        }
        const top = await post("/v1/rerank", { model: "ranker", query, documents, top_n: 3 });
        expect(top.results.map(indexOf)).toEqual(results.slice(0, 3).map(indexOf));
      }
      expect(distinct).toBeGreaterThan(100);
    },
    LONG_MILLIS,
  );

  test(
    "zero-shot classification: 100 texts, three labels, beside each other and each alone",
    async () => {
      const alone = await bring(learned.entailment, "anything");
      const candidates = ["sports", "politics and war", "animals"];
      const sentences = spread(pairs(EVALUATION, "test"), 100).map(({ first }) => first);
      const inputs = [bytes("text", sentences), bytes("candidate_labels", candidates)];
      const beside = await infer("anything", inputs);
      const each = await infer("anything", inputs, { multi_label: true });
      const entailment = ENTAILMENT_LABELS.indexOf("entailment");
      const contradiction = ENTAILMENT_LABELS.indexOf("contradiction");
      for (const [at, sentence] of sentences.entries()) {
        const logits: Float32Array[] = [];
        for (const label of candidates) logits.push(await alone.run(sentence, `This example is ${label}.`));
        const expected = softmax(logits.map((of) => of[entailment] as number));
        const expectedAlone = logits.map((of) => softmax([of[contradiction] as number, of[entailment] as number])[1]);
        for (const label of candidates.keys()) {
          expectNear(beside.scores?.[at * 3 + label], expected[label]);
          expectNear(each.scores?.[at * 3 + label], expectedAlone[label]);
        }
        expectBest(beside.label?.[at], candidates, expected);
      }
    },
    LONG_MILLIS,
  );

  test(
    "token classification: 120 sentences, tokens and merged spans with their places",
    async () => {
      const alone = await bring(learned.names, "names");
      // Plain ASCII: there the place of a token is where its letters are found next.
      const sentences = spread(
        pairs(EVALUATION, "test").filter(({ first }) => /^[\x20-\x7e]+$/.test(first)),
        120,
      ).map(({ first }) => first);
      const separate = spansPerText(await infer("names", [bytes("text", sentences)], { aggregation_strategy: "none" }));
      const merged = spansPerText(await infer("names", [bytes("text", sentences)], { aggregation_strategy: "simple" }));
      const kinds = new Set<string>();
      let several = 0;
      for (const [at, sentence] of sentences.entries()) {
        const all = await classifiedTokens(alone, sentence);
        expectSpans(
          separate.get(at),
          all.filter(({ label }) => label !== "O"),
          sentence,
        );
        const groups = simpleGroups(all);
        expectSpans(merged.get(at), groups, sentence);
        for (const { label } of groups) kinds.add(label);
        several += groups.filter(({ tokens }) => tokens > 1).length;
      }
      expect([...kinds].sort()).toEqual(["NAME", "NUMBER"]);
      expect(several).toBeGreaterThan(5);
    },
    LONG_MILLIS,
  );

  test(
    "multi-label text classification and moderation: 120 messages",
    async () => {
      const alone = await bring(learned.messages, "messages", {
        moderation: { thresholds: { spam: 0.5, digits: 0.9 } },
      });
      const texts = spread(messages(EVALUATION), 120).map(({ text }) => text);
      const { scores, label } = await infer("messages", [bytes("text", texts)]);
      const { results } = await post("/v1/moderations", { model: "messages", input: texts });
      let flagged = 0;
      for (const [at, text] of texts.entries()) {
        const expected = Array.from(await alone.run(text), sigmoid);
        for (const column of MESSAGE_LABELS.keys()) expectNear(scores?.[at * 3 + column], expected[column]);
        expectBest(label?.[at], MESSAGE_LABELS, expected);
        const [spam, , digits] = expected as [number, number, number];
        expectNear(results[at].category_scores.spam, spam);
        expectNear(results[at].category_scores.digits, digits);
        if (Math.abs(spam - 0.5) < SCORES_WITHIN || Math.abs(digits - 0.9) < SCORES_WITHIN) continue;
        expect(results[at].categories).toEqual({ spam: spam >= 0.5, digits: digits >= 0.9 });
        expect(results[at].flagged).toBe(spam >= 0.5 || digits >= 0.9);
        if (results[at].flagged) flagged++;
      }
      expect(flagged).toBeGreaterThan(5);
      expect(flagged).toBeLessThan(115);
    },
    LONG_MILLIS,
  );
});

const indexOf = ({ index }: { readonly index: number }): number => index;
const bytes = (name: string, data: readonly string[]) => ({ name, shape: [data.length], datatype: "BYTES", data });

function expectNear(received: unknown, expected: number | undefined): void {
  expect(Math.abs((received as number) - (expected as number))).toBeLessThan(SCORES_WITHIN);
}

/** The label of the largest score, or one whose score is as large within the tolerance. */
function expectBest(label: unknown, labels: readonly string[], scores: readonly number[]): void {
  expect(scores[labels.indexOf(label as string)] as number).toBeGreaterThan(Math.max(...scores) - SCORES_WITHIN);
}

interface Span {
  readonly label: string;
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

function spansPerText(outputs: Readonly<Record<string, readonly never[]>>): Map<number, (Span & { word: string })[]> {
  const spans = new Map<number, (Span & { word: string })[]>();
  for (const [at, text] of (outputs.text_index ?? []).entries()) {
    const [label, score, start, end, word] = ["label", "score", "start", "end", "word"].map(
      (key) => outputs[key]?.[at],
    );
    spans.set(text, [
      ...(spans.get(text) ?? []),
      { label, score, start, end, word } as unknown as Span & { word: string },
    ]);
  }
  return spans;
}

async function classifiedTokens(alone: Reference, sentence: string): Promise<Span[]> {
  const logits = await alone.run(sentence);
  const lower = sentence.toLowerCase();
  let from = 0;
  const found: Span[] = [];
  for (const [at, token] of alone.encode(sentence).tokens.entries()) {
    if (token === "[CLS]" || token === "[SEP]") continue;
    const letters = token.replace(/^##/, "");
    const start = lower.indexOf(letters, from);
    from = start + letters.length;
    const shares = softmax(Array.from(logits.subarray(at * NAME_LABELS.length, (at + 1) * NAME_LABELS.length)));
    const score = Math.max(...shares);
    found.push({ label: NAME_LABELS[shares.indexOf(score)] as string, score, start, end: from });
  }
  return found;
}

/**
 * As transformers' aggregation_strategy "simple": https://huggingface.co/docs/transformers/main_classes/pipelines
 * Neighbours of one kind belong together unless the later one begins with B-; a group's score is their mean.
 */
function simpleGroups(tokens: readonly Span[]): (Span & { readonly tokens: number })[] {
  const groups: Span[][] = [];
  let previous = "O";
  for (const token of tokens) {
    const joins = token.label.slice(2) === previous.slice(2) && !token.label.startsWith("B-") && token.label !== "O";
    if (joins && previous !== "O") groups.at(-1)?.push(token);
    else groups.push([token]);
    previous = token.label;
  }
  return groups
    .filter(([first]) => first?.label !== "O")
    .map((group) => ({
      label: (group[0] as Span).label.slice(2),
      score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
      start: (group[0] as Span).start,
      end: (group.at(-1) as Span).end,
      tokens: group.length,
    }));
}

function expectSpans(
  received: readonly (Span & { word: string })[] = [],
  expected: readonly Span[],
  text: string,
): void {
  const places = ({ label, start, end }: Span) => ({ label, start, end });
  expect(received.map(places)).toEqual(expected.map(places));
  for (const [at, { score, word, start, end }] of received.entries()) {
    expectNear(score, expected[at]?.score);
    expect(word).toBe(text.slice(start, end));
  }
}
