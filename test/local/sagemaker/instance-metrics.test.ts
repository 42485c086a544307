import { InstanceMetrics } from "../../../local/sagemaker/instance-metrics.ts";

type Endpoints = Parameters<InstanceMetrics["tick"]>[0];

test("each instance in service counts once a minute, for as long as it runs", () => {
  const told: string[] = [];
  const metrics = new InstanceMetrics({
    recordMetric: ({ dimensions }) => void told.push(String(dimensions.EndpointName)),
  });
  const endpoint = (...states: readonly string[]) =>
    [
      {
        name: "gpu",
        fleets: [
          { variant: { VariantName: "main" }, instances: states.map((state, index) => ({ id: `i-${index}`, state })) },
        ],
      },
    ] as unknown as Endpoints;
  metrics.tick(endpoint("launching"), 0);
  expect(told).toHaveLength(0);
  metrics.tick(endpoint("in-service", "launching"), 1_000);
  metrics.tick(endpoint("in-service", "launching"), 30_000);
  expect(told).toHaveLength(1);
  metrics.tick(endpoint("in-service", "in-service"), 61_000);
  expect(told).toHaveLength(3);
  metrics.tick(endpoint(), 90_000);
  metrics.tick(endpoint("in-service"), 100_000);
  expect(told).toHaveLength(4);
});
