import { usEast1 } from "../../../core/pricing/price-book.ts";
import { costRatesOf } from "../../../core/pricing/request-cost.ts";
import { parseEnvironment } from "../../../functions/inference/environment.ts";

const MINIMAL = {
  FARTHING_ENVIRONMENT: "prod",
  FARTHING_DEPLOYMENT: "router",
  FARTHING_REGISTRY_TABLE: "registry",
  FARTHING_TENANTS_TABLE: "tenants",
  FARTHING_MODEL_BUCKET: "models",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
  PATH: "/usr/bin",
};

test("a router needs little, and holds no models", () => {
  expect(parseEnvironment(MINIMAL)).toEqual({
    environment: "prod",
    deployment: "router",
    cache: undefined,
    modelGroup: undefined,
    remoteGroups: {},
    endpoints: {},
    upstreams: [],
    webhookReceivers: [],
    registryTable: "registry",
    tenantsTable: "tenants",
    usageTable: undefined,
    modelBucket: "models",
    heartbeatMillis: undefined,
    preload: [],
    modelCache: undefined,
    memoryMegabytes: 512,
    manyRequests: undefined,
  });
});

test("on managed instances many requests come at once, to as many threads as the runtime starts", () => {
  const there = { ...MINIMAL, AWS_LAMBDA_MAX_CONCURRENCY: "64" };
  expect(parseEnvironment(there).manyRequests).toEqual({ workers: 8 });
  expect(parseEnvironment({ ...there, AWS_LAMBDA_NODEJS_WORKER_COUNT: "2" }).manyRequests).toEqual({ workers: 2 });
});

test("where models' files stay, and how many of them", () => {
  const kept = { ...MINIMAL, FARTHING_MODEL_CACHE: "/var/lib/models" };
  expect(parseEnvironment(kept).modelCache).toEqual({ folder: "/var/lib/models", megabytes: 400 });
  expect(parseEnvironment({ ...kept, FARTHING_MODEL_CACHE_MEGABYTES: "2000" }).modelCache?.megabytes).toBe(2_000);
  expect(() => parseEnvironment({ ...kept, FARTHING_MODEL_CACHE_MEGABYTES: "0" })).toThrow("MODEL_CACHE_MEGABYTES");
});

test("what requests cost is read as the template writes it, and in full", () => {
  const self = { memoryMegabytes: 512, architecture: "arm64" } as const;
  const costs = { rates: costRatesOf(usEast1, { firewall: true }), self, groups: { small: self } };
  expect(parseEnvironment({ ...MINIMAL, FARTHING_COSTS: JSON.stringify(costs) }).costs).toEqual(costs);
  const damaged = { ...costs, rates: { ...costs.rates, egressGb: undefined } };
  expect(() => parseEnvironment({ ...MINIMAL, FARTHING_COSTS: JSON.stringify(damaged) })).toThrow("egressGb");
});

test("groups and lists are read", () => {
  const parsed = parseEnvironment({
    ...MINIMAL,
    FARTHING_MODEL_GROUP: "small",
    FARTHING_REMOTE_GROUPS: '{"large":"farthing-prod-large"}',
    FARTHING_PRELOAD: "digits, sms-spam,",
  });
  expect(parsed).toMatchObject({
    modelGroup: "small",
    remoteGroups: { large: "farthing-prod-large" },
    preload: ["digits", "sms-spam"],
  });
});

test.each([
  [{ FARTHING_REMOTE_GROUP: "{}" }, "unknown: FARTHING_REMOTE_GROUP"],
  [{ FARTHING_ENVIRONMENT: "production" }, "FARTHING_ENVIRONMENT: must be one of dev, staging, prod, local, onprem"],
  [{ FARTHING_DEPLOYMENT: "Router" }, "FARTHING_DEPLOYMENT: must match"],
  [{ FARTHING_REGISTRY_TABLE: undefined }, "FARTHING_REGISTRY_TABLE: is missing"],
  [{ FARTHING_MODEL_BUCKET: "" }, "FARTHING_MODEL_BUCKET: is empty"],
  [{ FARTHING_REMOTE_GROUPS: "{" }, "FARTHING_REMOTE_GROUPS: is not JSON"],
  [{ FARTHING_REMOTE_GROUPS: '{"large":1}' }, "FARTHING_REMOTE_GROUPS.large: must be a string"],
  [{ FARTHING_ENDPOINTS: '{"m":{"endpoint":"e"}}' }, "FARTHING_ENDPOINTS.m.component: is missing"],
  [{ FARTHING_ENDPOINTS: '{"m":{"maxHeld":-1}}' }, "FARTHING_ENDPOINTS.m.maxHeld"],
  [{ FARTHING_REMOTE_GROUPS: "[]" }, "FARTHING_REMOTE_GROUPS: must be a record"],
  [{ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: undefined }, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE: must be a number"],
])("%j is refused by name", (wrong, message) => {
  expect(() => parseEnvironment({ ...MINIMAL, ...wrong })).toThrow(message);
});

test("every wrong variable is named at once", () => {
  const wrong = { ...MINIMAL, FARTHING_ENVIRONMENT: "x", FARTHING_MODEL_GROUP: "X" };
  expect(() => parseEnvironment(wrong)).toThrow(/FARTHING_ENVIRONMENT[\s\S]*FARTHING_MODEL_GROUP/);
});
