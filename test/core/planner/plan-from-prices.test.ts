import { parsePlan } from "../../../core/planner/plan.ts";
import { completeEndpointPlan, completeFunctionPlan } from "../../../core/planner/plan-from-prices.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";
import { largeModel } from "./large-models.ts";
import { withInstances } from "./other-prices.ts";

const chat = largeModel("deepseek-r1-distill-qwen-7b");
const facts = { name: "chat", cards: [chat], router: { routerMemoryMb: 512, routerArchitecture: "arm64" as const } };
const endpointPlan = (chatPlan: object) =>
  parsePlan({ schema: "farthing.plan/1", environment: "prod", endpoints: { chat: chatPlan } }, "plan").endpoints.chat;

test("without a plan: the cheapest type, down to zero, one copy at most, 70 % of its slots, rent or buy", () => {
  const { instances, models, maxInstances } = completeEndpointPlan(facts, undefined, usEast1);
  expect(instances[0]?.instanceType).toBe("ml.g5.xlarge");
  expect(maxInstances).toBe(1);
  expect(models).toEqual([
    { name: chat.name, minCopies: 0, maxCopies: 1, targetConcurrency: 2.8, idleTimeOutSeconds: 563, schedules: [] },
  ]);
});

test("a price in the book changes type and time-out", () => {
  const book = withInstances({ "ml.g6e.xlarge": 0.9 });
  const { instances, models } = completeEndpointPlan(facts, undefined, book);
  expect(instances[0]?.instanceType).toBe("ml.g6e.xlarge");
  expect(models[0]?.idleTimeOutSeconds).toBe(644);
});

test("what the plan says stands; what it leaves out follows from that", () => {
  const plan = endpointPlan({
    instanceTypes: ["ml.g6.12xlarge"],
    models: { [chat.name]: { min: 1, max: 6, idleTimeOutSeconds: 1200 } },
  });
  const { instances, models, maxInstances } = completeEndpointPlan(facts, plan, usEast1);
  expect(instances).toMatchObject([{ instanceType: "ml.g6.12xlarge", usdPerHour: 5.752 }]);
  expect(models).toMatchObject([{ minCopies: 1, maxCopies: 6, idleTimeOutSeconds: 1200 }]);
  // Four copies to an instance with four GPUs.
  expect(maxInstances).toBe(2);
});

test.each([
  ["a type on which the model does not fit", { instanceTypes: ["ml.g4dn.xlarge"] }, "fits on no instance type"],
  ["a type without a price", { instanceTypes: ["ml.g9.xlarge"] }, 'the price book has no "ml.g9.xlarge"'],
  ["a model that is not there", { models: { other: { min: 0, max: 1 } } }, 'a model "other" on the endpoint "chat"'],
])("%s is refused", (_, plan, reason) => {
  expect(() => completeEndpointPlan(facts, endpointPlan(plan), usEast1)).toThrow(reason);
});

describe("functions", () => {
  const options = {
    memoryMb: 1769,
    architecture: "x86_64" as const,
    reservedConcurrency: undefined,
    expectedTraffic: undefined,
  };
  const steady = { requestsPerSecond: 100, millisPerRequest: 100 };

  test("nobody knows the traffic: on demand, as configured", () => {
    expect(completeFunctionPlan(options, undefined, usEast1)).toEqual({
      memoryMb: 1769,
      reservedConcurrency: undefined,
      provisioned: undefined,
    });
  });

  test("steady traffic: as many as pay, and no more than are reserved", () => {
    const { provisioned } = completeFunctionPlan({ ...options, expectedTraffic: steady }, undefined, usEast1);
    expect(provisioned).toEqual({ min: 9, max: 9, targetUse: 0.7, schedules: [] });
    const reserved = { ...options, expectedTraffic: steady, reservedConcurrency: 3 };
    expect(completeFunctionPlan(reserved, undefined, usEast1).provisioned?.min).toBe(3);
  });

  test("the plan stands before both, zero included", () => {
    const plan = (provisionedConcurrency: object) =>
      parsePlan(
        {
          schema: "farthing.plan/1",
          environment: "prod",
          functions: { small: { memoryMb: 3008, provisionedConcurrency } },
        },
        "plan",
      ).functions.small;
    const known = { ...options, expectedTraffic: steady };
    expect(completeFunctionPlan(known, plan({ min: 2, max: 5, targetUse: 0.8 }), usEast1)).toEqual({
      memoryMb: 3008,
      reservedConcurrency: undefined,
      provisioned: { min: 2, max: 5, targetUse: 0.8, schedules: [] },
    });
    expect(completeFunctionPlan(known, plan({ min: 0, max: 0 }), usEast1).provisioned).toBeUndefined();
  });
});
