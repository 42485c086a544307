/** What the tests of infra/ synthesise: every environment of farthing.config.ts, and one that switches everything on. */
import { join } from "node:path";
import { parseEndpointCard } from "../../core/models/any-card.ts";
import type { EndpointCard } from "../../core/models/endpoint-card.ts";
import { parsePlan } from "../../core/planner/plan.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import config from "../../farthing.config.ts";
import { type EnvironmentConfig, type EnvironmentName, parseConfig } from "../../infra/config.ts";
import type { Decisions } from "../../infra/decisions.ts";
import { withInstances } from "../core/planner/other-prices.ts";
import { ROOT, readJson } from "./repository.ts";

export interface Variant {
  readonly name: string;
  readonly environment: EnvironmentName;
  readonly config: EnvironmentConfig;
  /** Default: what the repository says. */
  readonly decisions?: Decisions;
}

const { environments } = parseConfig(config);

const asConfigured: readonly Variant[] = Object.entries(environments).flatMap(([name, environment]) =>
  environment === undefined ? [] : [{ name, environment: name as EnvironmentName, config: environment }],
);

/** An account of its own, a custom domain, both architectures, a group in the router, reserved concurrency, upstreams. */
const everything: Variant = {
  name: "everything",
  environment: "prod",
  config: parseConfig({
    environments: {
      prod: {
        account: "111122223333",
        region: "eu-central-1",
        versionedModels: true,
        waf: { requestsPerFiveMinutes: 1000 },
        alarms: { topicArn: "arn:aws:sns:eu-central-1:111122223333:pager" },
        accountLogRole: false,
        domain: {
          domainName: "api.example.com",
          certificateArn: "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab",
        },
        router: { architecture: "arm64", holds: "tiny", reservedConcurrency: 50 },
        modelGroups: [
          { name: "tiny", models: ["digits"], preload: ["digits"] },
          { name: "text", memoryMb: 3008, models: ["sentences", "glossary"], reservedConcurrency: 10 },
          { name: "spare", architecture: "arm64" },
        ],
        upstreams: [
          {
            name: "rack",
            url: "https://rack.example.com/v1",
            dialect: "vllm",
            onPremises: true,
            secret: true,
            maxConcurrent: 32,
            models: { "far-chat": "org/far-chat", sentences: "org/sentences" },
          },
          { name: "elsewhere", url: "http://10.1.2.3:8000/v1", models: { "far-chat": "far" } },
        ],
        tags: { owner: "platform" },
      },
    },
  }).environments.prod as EnvironmentConfig,
};

/** A group on instances of its own, beside one on demand; and a cache that all share, governed. */
const instances: Variant = {
  name: "instances",
  environment: "prod",
  config: parseConfig({
    environments: {
      prod: {
        accountLogRole: false,
        modelGroups: [
          {
            name: "steady",
            memoryMb: 4096,
            architecture: "arm64",
            models: ["digits"],
            placement: {
              kind: "managed-instances",
              instanceTypes: ["m7g.xlarge", "c7g.xlarge"],
              maxEnvironments: 9,
              targetUtilization: 60,
              network: { subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
            },
          },
          { name: "rare", models: ["sentences"] },
        ],
        alarms: {},
        cache: { maxGb: 10, maxEcpuPerSecond: 20_000, governor: { mode: "apply", monthlyUsd: 400 } },
      },
    },
  }).environments.prod as EnvironmentConfig,
};

/** GPUs: a model on an endpoint of its own, two that share instances, requests by way of S3, and a plan for some of it. */
const gpuConfig = parseConfig({
  environments: {
    prod: {
      accountLogRole: false,
      modelGroups: [
        { name: "small", models: ["digits"], expectedTraffic: { requestsPerSecond: 100, millisPerRequest: 100 } },
      ],
      endpoints: [
        {
          name: "chat",
          models: ["deepseek-r1-distill-qwen-7b"],
          asynchronous: true,
          kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-0123456789ab",
        },
        { name: "shared", models: ["llama-3.1-8b-instruct", "qwen3-embedding-0.6b"] },
        { name: "planned", models: ["deepseek-r1-distill-qwen-32b"] },
      ],
    },
  },
}).environments.prod as EnvironmentConfig;

const gpuDecisions: Decisions = {
  priceBook: usEast1,
  cards: new Map(
    gpuConfig.endpoints.flatMap(({ name, models }) =>
      models.map((model) => [model, endpointCard(model, name)] as const),
    ),
  ),
  plan: parsePlan(
    {
      schema: "farthing.plan/1",
      environment: "prod",
      functions: { router: { memoryMb: 1024, provisionedConcurrency: { min: 2, max: 10 } } },
      endpoints: {
        planned: {
          instanceTypes: ["ml.g6e.12xlarge"],
          models: {
            "deepseek-r1-distill-qwen-32b": {
              min: 1,
              max: 4,
              schedules: [{ at: "cron(0 8 ? * MON-FRI *)", timeZone: "Europe/Berlin", min: 2, max: 4 }],
            },
          },
        },
      },
    },
    "plan",
  ),
};

const gpu: Variant = { name: "gpu", environment: "prod", config: gpuConfig, decisions: gpuDecisions };

/** A cache without a public address: what its functions call is reached by endpoints, an upstream by an attached network. */
const vpc: Variant = {
  ...gpu,
  name: "vpc",
  config: {
    ...gpuConfig,
    cache: { maxGb: 1, maxEcpuPerSecond: 5000, network: "vpc" },
    upstreams: parseConfig({
      environments: {
        prod: {
          modelGroups: [{ name: "small" }],
          upstreams: [{ name: "rack", url: "http://10.1.2.3:8000/v1", secret: true, models: { "far-chat": "far" } }],
        },
      },
    }).environments.prod?.upstreams as EnvironmentConfig["upstreams"],
  },
};

/** The same idea with an upstream on the internet, in zones that are named. */
const nat: Variant = {
  name: "nat",
  environment: "prod",
  config: parseConfig({
    environments: {
      prod: {
        region: "eu-central-1",
        accountLogRole: false,
        tracing: false,
        router: { holds: "small" },
        modelGroups: [{ name: "small", models: ["digits"] }],
        upstreams: [
          { name: "cloud", url: "https://cloud.example.com:8443/v1", secret: true, models: { chat: "chat" } },
        ],
        cache: { network: "vpc", vpc: { zones: ["euc1-az1", "euc1-az2", "euc1-az3"] } },
      },
    },
  }).environments.prod as EnvironmentConfig,
};

/** The same at other prices: whatever the plan leaves open comes out otherwise. */
const prices: Variant = {
  ...gpu,
  name: "prices",
  decisions: {
    ...gpuDecisions,
    priceBook: {
      ...withInstances({ "ml.g6e.xlarge": 1.3 }),
      lambda: { ...usEast1.lambda, provisionedGbSecond: { x86_64: 5.5e-6, arm64: 5.5e-6 } },
    },
  },
};

function endpointCard(model: string, group: string): EndpointCard {
  const path = join(ROOT, "models", model, "model.json");
  const card = readJson(path) as { readonly placement: object };
  return parseEndpointCard({ ...card, placement: { ...card.placement, group } }, path);
}

export const VARIANTS: readonly Variant[] = [...asConfigured, everything, instances, gpu, prices, vpc, nat];
export const DEPLOYED = VARIANTS.filter(({ environment }) => environment !== "local" && environment !== "onprem");
