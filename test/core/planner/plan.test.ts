import { noPlan, parsePlan } from "../../../core/planner/plan.ts";

const plan = (changes: object) =>
  parsePlan({ schema: "farthing.plan/1", environment: "prod", ...changes }, "plans/prod.json");

test("an empty plan leaves everything to the rules", () => {
  expect(plan({})).toEqual(noPlan("prod"));
});

test("everything that a plan may say", () => {
  const said = {
    note: "from the trace of October",
    functions: {
      router: {
        memoryMb: 1024,
        reservedConcurrency: 200,
        provisionedConcurrency: { min: 2, max: 20, targetUse: 0.7, schedules: [] },
      },
    },
    endpoints: {
      chat: {
        instanceTypes: ["ml.g6e.xlarge", "ml.g5.xlarge"],
        maxInstances: 4,
        models: {
          "llama-3.1-8b-instruct": {
            min: 0,
            max: 4,
            targetConcurrency: 3,
            idleTimeOutSeconds: 900,
            schedules: [{ at: "cron(0 8 ? * MON-FRI *)", timeZone: "Europe/Berlin", min: 1, max: 4 }],
          },
        },
      },
    },
    cache: { maxGb: 5, maxUnitsPerSecond: 10_000, minUnitsPerSecond: 1000 },
  };
  expect(plan(said)).toEqual({ schema: "farthing.plan/1", environment: "prod", ...said });
});

test.each([
  ["a typo", { function: {} }, "function"],
  [
    "more at least than at most",
    { functions: { router: { provisionedConcurrency: { min: 3, max: 2 } } } },
    "max is below min",
  ],
  ["copies the wrong way round", { endpoints: { chat: { models: { m: { min: 2, max: 1 } } } } }, "max is below min"],
  [
    "a type that is none",
    { endpoints: { chat: { instanceTypes: ["g5.xlarge"] } } },
    "an instance type, such as ml.g6.xlarge",
  ],
  ["six types", { endpoints: { chat: { instanceTypes: Array(6).fill("ml.g5.xlarge") } } }, "instanceTypes"],
  ["memory that Lambda has not", { functions: { router: { memoryMb: 64 } } }, "memoryMb"],
  [
    "a time that is none",
    { endpoints: { chat: { models: { m: { min: 0, max: 1, schedules: [{ at: "8:00", min: 0, max: 1 }] } } } } },
    "such as cron(",
  ],
])("%s is refused, with the place", (_, changes, reason) => {
  expect(() => plan(changes)).toThrow(reason);
  expect(() => plan(changes)).toThrow("plans/prod.json is not a valid plan");
});
