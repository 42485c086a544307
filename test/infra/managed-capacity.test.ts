import { idleCost, type Template } from "../../core/pricing/deployment-cost.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { parseConfig } from "../../infra/config.ts";
import { assembly, resources } from "./assembly.ts";

const functionOf = (variant: string, deployment: string) =>
  resources(assembly(variant), "AWS::Lambda::Function").find(
    ({ Properties }) =>
      (Properties as { Environment: { Variables: Record<string, unknown> } }).Environment.Variables
        .FARTHING_DEPLOYMENT === deployment,
  )?.Properties;

test("a group on instances has a capacity provider of its own; its function holds many requests in a thread for each vCPU", () => {
  const [provider, ...others] = resources(assembly("instances"), "AWS::Lambda::CapacityProvider");
  expect(others).toEqual([]);
  expect(provider?.Properties).toMatchObject({
    CapacityProviderName: "farthing-prod-steady",
    InstanceRequirements: { Architectures: ["arm64"], AllowedInstanceTypes: ["m7g.xlarge", "c7g.xlarge"] },
    CapacityProviderScalingConfig: { ScalingMode: "Manual", ScalingPolicies: [{ TargetValue: 60 }] },
    VpcConfig: { SubnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], SecurityGroupIds: ["sg-0a1b2c3d"] },
  });
  expect(functionOf("instances", "steady")).toMatchObject({
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: { "Fn::GetAtt": [provider?.id, "Arn"] },
        ExecutionEnvironmentMemoryGiBPerVCpu: 2,
        PerExecutionEnvironmentMaxConcurrency: 64,
      },
    },
    FunctionScalingConfig: { MinExecutionEnvironments: 3, MaxExecutionEnvironments: 9 },
    PublishToLatestPublished: true,
    Environment: {
      Variables: {
        AWS_LAMBDA_NODEJS_WORKER_COUNT: "2",
        FARTHING_MODEL_CACHE: "models",
        FARTHING_MODEL_CACHE_MEGABYTES: "400",
      },
    },
  });
  for (const onDemand of ["rare", "router"]) {
    expect(functionOf("instances", onDemand)).not.toHaveProperty("CapacityProviderConfig");
  }
});

test("on premises, the one function is router and models, with a thread for each processor of the machine", () => {
  const serving = resources(assembly("onprem"), "AWS::Lambda::Function").filter(({ stack }) => stack === "models");
  expect(serving).toHaveLength(1);
  expect(functionOf("onprem", "router")).toMatchObject({
    CapacityProviderConfig: expect.anything(),
    Environment: { Variables: { AWS_LAMBDA_NODEJS_WORKER_COUNT: "3", FARTHING_MODEL_GROUP: "small" } },
  });
});

test("three instances are paid for while nothing is asked: EC2's price and Lambda's fee", () => {
  const template = {
    Resources: {
      Capacity: {
        Type: "AWS::Lambda::CapacityProvider",
        Properties: { InstanceRequirements: { AllowedInstanceTypes: ["c7g.xlarge"] } },
      },
    },
  } satisfies Template;
  // AWS's own example: about 365 USD.
  expect(idleCost([template], usEast1).usdPerMonth).toBeCloseTo(3 * 0.145 * 1.15 * 730, 6);
  const unknown = structuredClone(template);
  unknown.Resources.Capacity.Properties.InstanceRequirements.AllowedInstanceTypes = ["x9.huge"];
  expect(() => idleCost([unknown], usEast1)).toThrow('no EC2 instance "x9.huge"');
});

const managed = {
  kind: "managed-instances",
  network: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
};

test.each([
  ["no network where instances start", {}, { kind: "managed-instances" }, "is required where instances are started"],
  ["the host's processors in a deployment", {}, { ...managed, workers: "host" }, '"host" is for local and onprem'],
  ["an unknown key", {}, { ...managed, minEnviroments: 1 }, "minEnviroments"],
  ["too little memory", { memoryMb: 1769 }, managed, "1769 MB is too little on managed instances"],
  ["reserved concurrency", { reservedConcurrency: 3 }, managed, "placement.maxEnvironments is the limit"],
  [
    "more requests than Node.js holds",
    {},
    { ...managed, concurrency: 200 },
    "200 is more than 64 for each of the environment's 2 vCPUs",
  ],
  ["more at least than at most", {}, { ...managed, maxEnvironments: 2 }, "2 is below minEnvironments, which is 3"],
])("%s is refused, with the reason", (_, group, placement, reason) => {
  const modelGroups = [{ name: "steady", memoryMb: 4096, placement, ...group }];
  expect(() => parseConfig({ environments: { prod: { modelGroups } } })).toThrow(reason);
});
