import { openInference } from "../call.ts";
import { combine, pools } from "../configuration.ts";
import type { Contender } from "../contender.ts";
import { executable, isInstalled } from "../environments.ts";
import { freePort, launch, peerEnvironment, setupOf } from "../launch.ts";
import { TUNED } from "./tuned.ts";

/** https://github.com/SeldonIO/MLServer: the reference server of the Open Inference Protocol in Python. */
export const mlserver: Contender = {
  name: "mlserver",
  unavailable: () => (isInstalled("mlserver") ? undefined : "not installed: node bench/peers/install.ts mlserver"),
  tuned: (workload, cores) => TUNED[workload.name][cores],
  grid: (_, cores) =>
    combine({
      pools: pools(cores),
      batchings: ["off", { size: 8, waitMillis: 1 }, { size: 8, waitMillis: 5 }, { size: 32, waitMillis: 5 }],
      // One worker can live in the server's own process (0) or in another (1).
      switches: [{ IN_PROCESS: "1" }, { IN_PROCESS: "0" }],
    }).filter(({ workers, switches }) => workers === 1 || switches["IN_PROCESS"] === "0"),
  async start(job) {
    const [port, grpcPort] = [await freePort(), await freePort()];
    const setup = setupOf(job.configuration);
    const { batching, workers, switches } = setup;
    const running = launch(job, {
      command: executable("mlserver", "mlserver"),
      parameters: ["start", "."],
      directory: import.meta.dirname,
      environment: {
        ...peerEnvironment(job, setup, port),
        MLSERVER_HTTP_PORT: String(port),
        MLSERVER_GRPC_PORT: String(grpcPort), // cannot be switched off
        MLSERVER_PARALLEL_WORKERS: switches["IN_PROCESS"] === "1" ? "0" : String(workers),
        MLSERVER_METRICS_DIR: job.scratch,
        MLSERVER_ENVIRONMENTS_DIR: job.scratch,
        MLSERVER_MODEL_MAX_BATCH_SIZE: String(batching === "off" ? 0 : batching.size),
        MLSERVER_MODEL_MAX_BATCH_TIME: String(batching === "off" ? 0 : batching.waitMillis / 1000),
      },
    });
    return {
      ...running,
      url: `http://127.0.0.1:${port}`,
      call: (sample) => openInference.call("served", typeof sample === "string" ? "text" : "image", sample),
      answer: openInference.answer,
    };
  },
};
