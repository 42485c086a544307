/**
 * A row of the comparison: anything that can be started, asked over HTTP and stopped. One folder per server, one line in
 * contenders.ts.
 */
import type { Call } from "./call.ts";
import type { Configuration } from "./configuration.ts";
import type { Sample, Workload } from "./workload.ts";

export interface Contender {
  readonly name: string;
  /** Why it cannot run here, in words for the table's notes; undefined when it can. */
  unavailable(workload: Workload): string | undefined;
  /** The best of `grid`, found by `--tune`. */
  tuned(workload: Workload, cores: Cores): Configuration;
  /** What `--tune` tries. */
  grid(workload: Workload, cores: Cores): readonly Configuration[];
  start(job: Job): Promise<RunningServer>;
}

/** How many cores the server may use. With one, the client has the other to itself; with two, it shares them. */
export type Cores = 1 | 2;

export interface Job {
  readonly workload: Workload;
  readonly configuration: Configuration;
  /** What `taskset -c` gets. */
  readonly cpus: string;
  /** An empty directory that is removed afterwards; short, as some servers put Unix sockets there. */
  readonly scratch: string;
  /** Where the process tells what went wrong. */
  readonly log: string;
}

export interface RunningServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Root of the process tree whose memory counts. */
  readonly pid: number;
  /** One request in this server's own protocol. */
  call(sample: Sample): Call;
  /** The numbers of one answer's body, in the order of the model's output. Throws on a form that is not expected. */
  answer(body: string): readonly number[];
  stop(): Promise<void>;
}
