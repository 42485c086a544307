import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { type EnvironmentConfig, parseConfig } from "../../infra/config.ts";
import { readDecisions } from "../../infra/decisions.ts";
import { ROOT, readJson } from "./repository.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-decisions-"));
afterAll(() => rmSync(root, { recursive: true }));

const write = (path: string, value: unknown) => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), typeof value === "string" ? value : JSON.stringify(value));
};
const config = (endpoints: readonly object[]): EnvironmentConfig =>
  parseConfig({ environments: { prod: { modelGroups: [{ name: "small", models: ["digits"] }], endpoints } } })
    .environments.prod as EnvironmentConfig;
const chat = config([{ name: "chat", models: ["deepseek-r1-distill-qwen-7b"] }]);
const read = (options: EnvironmentConfig) => readDecisions(root, "prod", options, usEast1);
const card = readJson(join(ROOT, "models/deepseek-r1-distill-qwen-7b/model.json")) as object;
const plan = { schema: "farthing.plan/1", environment: "prod" };

beforeEach(() => {
  write("models/deepseek-r1-distill-qwen-7b/model.json", card);
  write("plans/prod.json", plan);
});

test("cards of the endpoints' models and the plan of the environment; without a plan, an empty one", () => {
  write("plans/prod.json", { ...plan, functions: { small: { memoryMb: 3008 } } });
  const { cards, plan: planned } = read(chat);
  expect([...cards.keys()]).toEqual(["deepseek-r1-distill-qwen-7b"]);
  expect(planned.functions.small?.memoryMb).toBe(3008);
  rmSync(join(root, "plans/prod.json"));
  expect(read(chat).plan).toMatchObject({ environment: "prod", functions: {}, endpoints: {} });
});

test.each([
  ["no card", () => rmSync(join(root, "models/deepseek-r1-distill-qwen-7b/model.json")), "is not there"],
  ["no JSON", () => write("plans/prod.json", "{"), "prod.json is not JSON"],
  ["another environment's plan", () => write("plans/prod.json", { ...plan, environment: "dev" }), "is the plan of dev"],
  [
    "a group that is not there",
    () => write("plans/prod.json", { ...plan, functions: { big: {} } }),
    "plans what prod lacks: big",
  ],
  [
    "an endpoint that is not there",
    () => write("plans/prod.json", { ...plan, endpoints: { big: {} } }),
    "plans what prod lacks: big",
  ],
  [
    "a cache where there is none",
    () => write("plans/prod.json", { ...plan, cache: { maxGb: 1 } }),
    "plans what prod lacks: cache",
  ],
  [
    "a card of another endpoint",
    () =>
      write("models/deepseek-r1-distill-qwen-7b/model.json", { ...card, placement: { kind: "endpoint", group: "x" } }),
    'says placement.group "x", and farthing.config.ts puts it on "chat"',
  ],
])("%s is refused, in words", (_, change, reason) => {
  change();
  expect(() => read(chat)).toThrow(reason);
});

test("a model that a function holds has no place on an endpoint", () => {
  write("models/sentences/model.json", readJson(join(ROOT, "models/sentences/model.json")));
  expect(() => read(config([{ name: "chat", models: ["sentences"] }]))).toThrow('placement.kind "function"');
});

test.each([
  ["a group's name", [{ name: "small", models: ["a"] }], "taken by a model group or another endpoint"],
  ["a model of a group", [{ name: "chat", models: ["digits"] }], '"digits" is in "small" already'],
  [
    "one model twice",
    [
      { name: "a", models: ["m"] },
      { name: "b", models: ["m"] },
    ],
    '"m" is in "a" already',
  ],
  ["a key that is none", [{ name: "a", models: ["m"], kmsKeyArn: "x" }], "the ARN of a KMS key"],
])("%s for an endpoint is refused by the configuration", (_, endpoints, reason) => {
  expect(() => config(endpoints)).toThrow(reason);
});
