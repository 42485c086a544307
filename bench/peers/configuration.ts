/** How a server is set up for one workload: the same few choices for all, and the switches that only one of them has. */
export interface Setup {
  /** Processes (or worker threads) with a session of their own. */
  readonly workers: number;
  /** Intra-op threads of each session. */
  readonly threads: number;
  readonly batching: Batching;
  /** By the server's own names. */
  readonly switches: Readonly<Record<string, string>>;
}

/** `automatic`: the server looks at the machine and decides itself; nothing is passed to it. */
export type Configuration = Setup | "automatic";

export type Batching = "off" | { readonly size: number; readonly waitMillis: number };

export function describe(configuration: Configuration): string {
  if (configuration === "automatic") return "decides itself";
  const { workers, threads, batching, switches } = configuration;
  return [
    `${workers} worker${workers === 1 ? "" : "s"} × ${threads} thread${threads === 1 ? "" : "s"}`,
    batching === "off" ? "no batching" : `batches ≤ ${batching.size}, wait ${batching.waitMillis} ms`,
    ...Object.entries(switches).map(([name, value]) => `${name}=${value}`),
  ].join(", ");
}

/** Every combination of the given choices. */
export const combine = (choices: {
  readonly pools: readonly { readonly workers: number; readonly threads: number }[];
  readonly batchings: readonly Batching[];
  readonly switches?: readonly Readonly<Record<string, string>>[];
}): readonly Setup[] =>
  choices.pools.flatMap((pool) =>
    choices.batchings.flatMap((batching) =>
      (choices.switches ?? [{}]).map((switches) => ({ ...pool, batching, switches })),
    ),
  );

/** Ways to use the cores: more workers than cores only queue at the scheduler, but a second one can hide HTTP work. */
export const pools = (cores: 1 | 2) =>
  cores === 1
    ? [
        { workers: 1, threads: 1 },
        { workers: 2, threads: 1 },
      ]
    : [
        { workers: 1, threads: 1 },
        { workers: 1, threads: 2 },
        { workers: 2, threads: 1 },
      ];
