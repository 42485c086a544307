import { plainJson } from "../call.ts";
import { combine, pools } from "../configuration.ts";
import type { Contender } from "../contender.ts";
import { executable, isInstalled } from "../environments.ts";
import { freePort, launch, peerEnvironment, setupOf } from "../launch.ts";
import { TUNED } from "./tuned.ts";

/** https://github.com/Lightning-AI/LitServe: an API process (FastAPI), inference workers, a queue between them. */
export const litserve: Contender = {
  name: "litserve",
  unavailable: () => (isInstalled("litserve") ? undefined : "not installed: node bench/peers/install.ts litserve"),
  tuned: (workload, cores) => TUNED[workload.name][cores],
  grid: (_, cores) =>
    combine({
      pools: pools(cores),
      batchings: ["off", { size: 16, waitMillis: 0 }, { size: 16, waitMillis: 2 }, { size: 32, waitMillis: 5 }],
      switches: [
        { PEER_FAST_QUEUE: "1", PEER_API_SERVERS: "1" },
        { PEER_FAST_QUEUE: "0", PEER_API_SERVERS: "1" },
      ],
    }),
  async start(job) {
    const setup = setupOf(job.configuration);
    const port = await freePort();
    const running = launch(job, {
      command: executable("litserve"),
      parameters: ["server.py"],
      directory: import.meta.dirname,
      environment: peerEnvironment(job, setup, port),
    });
    return {
      ...running,
      url: `http://127.0.0.1:${port}`,
      call: (sample) => plainJson.call("/predict", sample),
      answer: plainJson.answer,
    };
  },
};
