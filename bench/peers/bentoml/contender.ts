import { plainJson } from "../call.ts";
import { combine, pools } from "../configuration.ts";
import type { Contender } from "../contender.ts";
import { executable, isInstalled } from "../environments.ts";
import { freePort, launch, peerEnvironment, setupOf } from "../launch.ts";
import { TUNED } from "./tuned.ts";

/** https://github.com/bentoml/BentoML: a supervisor (circus) and workers that each answer HTTP and run the model. */
export const bentoml: Contender = {
  name: "bentoml",
  unavailable: () => (isInstalled("bentoml") ? undefined : "not installed: node bench/peers/install.ts bentoml"),
  tuned: (workload, cores) => TUNED[workload.name][cores],
  grid: (_, cores) =>
    combine({
      pools: pools(cores),
      // Its dispatcher chooses the wait itself.
      batchings: ["off", { size: 8, waitMillis: 0 }, { size: 32, waitMillis: 0 }],
      switches: [{ PEER_ON_EVENT_LOOP: "1" }, { PEER_ON_EVENT_LOOP: "0" }],
    }),
  async start(job) {
    const setup = setupOf(job.configuration);
    const port = await freePort();
    const running = launch(job, {
      command: executable("bentoml", "bentoml"),
      parameters: ["serve", "service:Served", "--host", "127.0.0.1", "--port", String(port)],
      directory: import.meta.dirname,
      environment: { ...peerEnvironment(job, setup, port), BENTOML_DO_NOT_TRACK: "True", BENTOML_HOME: job.scratch },
    });
    return {
      ...running,
      url: `http://127.0.0.1:${port}`,
      // Its API is a batch API: a list of one in, a list of one out.
      call: (sample) => plainJson.call("/predict", [sample]),
      answer: (body) => (JSON.parse(body) as [number[]])[0],
    };
  },
};
