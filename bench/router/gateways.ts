/** Who is measured. Peers live outside of the repository: docs in README.md beside this file. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { farthing as cli, type LocalPlatform, startPlatform } from "../local-platform.ts";
import { type Gateway, type RunningGateway, startServer } from "./gateway.ts";

/** `FARTHING_ROUTER_PEERS_DIR` moves it. */
export const PEERS_DIRECTORY = process.env.FARTHING_ROUTER_PEERS_DIR ?? join(homedir(), ".cache", "farthing", "router");
const PORTKEY = join(PEERS_DIRECTORY, "portkey/node_modules/@portkey-ai/gateway/build/start-server.js");
const LITELLM = join(PEERS_DIRECTORY, "litellm/bin/litellm");
/** It refuses to start without one. */
const LITELLM_KEY = "sk-bench";
const CONFIG = resolve(import.meta.dirname, "farthing.config.ts");
const CARD = resolve(import.meta.dirname, "mock-chat");

export interface RunningFarthing extends RunningGateway {
  readonly platform: LocalPlatform;
}

/** `farthing up --env onprem` as it is delivered: keys, budgets, usage lines and prices included, which the others do without. */
const farthing: Gateway = {
  name: "farthing",
  unavailable: () => undefined,
  async start({ upstream, cpus, environment }): Promise<RunningFarthing> {
    const platform = await startPlatform(["--env", "onprem", "--no-demo", "--config", CONFIG], {
      cpus,
      environment: { ...environment, BENCH_UPSTREAM_URL: upstream },
    });
    const where = ["--env", "onprem", "--state", platform.stateDirectory];
    await cli(["model", "publish", "mock-chat", CARD, ...where]);
    // Functions remember for seconds that a model was not there.
    await sleep(5_500);
    return {
      platform,
      pid: platform.pid,
      stop: platform.stop,
      place: {
        url: `${platform.url}/v1/chat/completions`,
        model: "mock-chat",
        headers: { authorization: `Bearer ${platform.apiKey}` },
      },
    };
  },
};

/** https://github.com/Portkey-AI/gateway */
const portkey: Gateway = {
  name: "portkey",
  unavailable: () => (existsSync(PORTKEY) ? undefined : `there is no ${PORTKEY}`),
  start: (site) =>
    startServer(site, {
      name: "portkey",
      command: (port) => ({
        command: process.execPath,
        parameters: [PORTKEY, `--port=${port}`, "--headless"],
        directory: site.scratch,
        environment: { NODE_ENV: "production" },
      }),
      place: (port) => ({
        url: `http://127.0.0.1:${port}/v1/chat/completions`,
        model: "mock",
        headers: {
          authorization: "Bearer sk-none",
          "x-portkey-provider": "openai",
          "x-portkey-custom-host": site.upstream,
        },
      }),
    }),
};

/** https://docs.litellm.ai/docs/simple_proxy, one worker, its own map of prices: no network. */
const litellm: Gateway = {
  name: "litellm",
  unavailable: () => (existsSync(LITELLM) ? undefined : `there is no ${LITELLM}`),
  start(site) {
    mkdirSync(site.scratch, { recursive: true });
    const config = join(site.scratch, "litellm.yaml");
    writeFileSync(
      config,
      `model_list:\n  - model_name: mock-chat\n    litellm_params:\n      model: openai/mock\n      api_base: ${site.upstream}\n      api_key: sk-none\n`,
    );
    return startServer(site, {
      name: "litellm",
      command: (port) => ({
        command: LITELLM,
        parameters: ["--config", config, "--host", "127.0.0.1", "--port", String(port), "--num_workers", "1"],
        directory: site.scratch,
        environment: {
          LITELLM_LOCAL_MODEL_COST_MAP: "True",
          LITELLM_LOG: "ERROR",
          LITELLM_MASTER_KEY: LITELLM_KEY,
          LITELLM_TELEMETRY: "False",
        },
      }),
      place: (port) => ({
        url: `http://127.0.0.1:${port}/v1/chat/completions`,
        model: "mock-chat",
        headers: { authorization: `Bearer ${LITELLM_KEY}` },
      }),
    });
  },
};

export const GATEWAYS: readonly Gateway[] = [farthing, portkey, litellm];
