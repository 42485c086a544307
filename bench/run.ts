/** `npm run bench -- <name> [arguments]`: prints a table and, as its last line, one JSON object. */
import { writeSync } from "node:fs";
import { type Report, render } from "./report.ts";

interface Benchmark {
  /** Arguments as given after the name. */
  run(options: readonly string[]): Promise<Report>;
}

/** Every benchmark, by its name; docs/measuring.md says what each compares. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  admission: () => import("./admission.ts"),
  bill: () => import("./bill.ts"),
  cache: () => import("./cache.ts"),
  "cold-start": () => import("./cold-start.ts"),
  decode: () => import("./decode.ts"),
  generation: () => import("./generation.ts"),
  "key-timing": () => import("./key-timing.ts"),
  idempotency: () => import("./idempotency.ts"),
  memory: () => import("./memory.ts"),
  overhead: () => import("./overhead.ts"),
  platform: () => import("./platform.ts"),
  peers: () => import("./peers.ts"),
  router: () => import("./router.ts"),
  soak: () => import("./soak.ts"),
  throughput: () => import("./throughput.ts"),
  wake: () => import("./wake.ts"),
};

const [name = "", ...options] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (benchmark === undefined) {
  writeSync(2, `There is no benchmark "${name}". Usage: npm run bench -- ${Object.keys(BENCHMARKS).join(" | ")}\n`);
  process.exitCode = 2;
} else {
  writeSync(1, `${render(await (await benchmark()).run(options))}\n`);
}
