/**
 * Your deployments. Every option with its meaning, range and default: infra/config.ts.
 * `npx cdk deploy --all -c env=<name>` installs one; `npm start` runs `local` on this machine.
 */
import type { FarthingConfigInput } from "./infra/config.ts";

/** The demo models; each gets a route of its own, `/v2/models/<name>`, straight to the function that holds it. */
const demoModels = ["digits", "sms-spam", "sentences", "glossary"];

const config: FarthingConfigInput = {
  environments: {
    dev: {
      removal: "destroy",
      protectData: false,
      logs: { retentionDays: 7, platformLevel: "INFO" },
      throttle: { requestsPerSecond: 50, burst: 100 },
      modelGroups: [{ name: "small", memoryMb: 1769, models: demoModels, preload: ["digits"] }],
    },
    staging: {
      logs: { retentionDays: 14 },
      throttle: { requestsPerSecond: 200, burst: 400 },
      modelGroups: [{ name: "small", memoryMb: 1769, models: demoModels, preload: ["digits"] }],
    },
    prod: {
      versionedModels: true,
      logs: { retentionDays: 90 },
      waf: { requestsPerFiveMinutes: 30_000 },
      throttle: { requestsPerSecond: 1000, burst: 2000 },
      alarms: {},
      modelGroups: [{ name: "small", memoryMb: 1769, models: demoModels, preload: ["digits"] }],
    },
    // Runs here, so the functions take this machine's architecture; nothing is billed, so nothing is protected or traced.
    local: {
      removal: "destroy",
      protectData: false,
      logs: { retentionDays: 1 },
      // What an account's gateway takes by default.
      throttle: { requestsPerSecond: 10_000, burst: 5000 },
      tracing: false,
      bucketMetrics: true,
      // No account, no bill: what a deployment would share its answers through.
      cache: { governor: { monthlyUsd: 92 } },
      router: { architecture: "host" },
      modelGroups: [{ name: "small", memoryMb: 1769, architecture: "host", models: demoModels, preload: ["digits"] }],
      // A process of this machine stands in for the GPU instance; FARTHING_GPU_UPSTREAM attaches a real engine.
      endpoints: [{ name: "demo", models: ["glossary-endpoint"] }],
    },
    onprem: {
      protectData: false,
      logs: { retentionDays: 30 },
      throttle: { requestsPerSecond: 1_000_000, burst: 1_000_000 },
      tracing: false,
      bucketMetrics: true,
      // One process holds router and models, many requests at once: a thread for each processor, models in each of them.
      router: { architecture: "host", holds: "small", memoryMb: 4096 },
      modelGroups: [
        {
          name: "small",
          memoryMb: 4096,
          architecture: "host",
          models: demoModels,
          preload: ["digits"],
          placement: {
            kind: "managed-instances",
            workers: "host",
            concurrency: 128,
            minEnvironments: 1,
            modelCacheMb: 20_000,
          },
        },
      ],
    },
  },
};

export default config;
