/** What the router bench runs: on premises, no model of its own but the smallest, and one upstream. */
const config = {
  environments: {
    onprem: {
      protectData: false,
      throttle: { requestsPerSecond: 1_000_000, burst: 1_000_000 },
      tracing: false,
      router: { architecture: "host", holds: "small", memoryMb: 4096 },
      modelGroups: [
        {
          name: "small",
          memoryMb: 4096,
          architecture: "host",
          placement: {
            kind: "managed-instances",
            workers: "host",
            concurrency: 1_600,
            minEnvironments: 1,
          },
        },
      ],
      upstreams: [
        {
          name: "mock",
          url: process.env.BENCH_UPSTREAM_URL ?? "",
          dialect: "vllm",
          onPremises: true,
          models: { "mock-chat": "mock" },
        },
      ],
    },
  },
};

export default config;
