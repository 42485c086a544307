/** What a template may say, and what is refused with the property's name. */
import { inService, ROLE_ARN, type RunningSageMaker, startSageMaker, waitFor } from "./running-sagemaker.ts";

let sagemaker: RunningSageMaker;
beforeEach(async () => {
  sagemaker = await startSageMaker();
});
afterEach(() => sagemaker.stop());

const create = (type: string, id: string, properties: Record<string, unknown>) =>
  sagemaker.endpoint.create(`AWS::SageMaker::${type}`, id, properties);
const variant = { VariantName: "main", InstanceType: "ml.g5.xlarge", InitialInstanceCount: "1" };

test("the four resources, each by what the one before it answers, without names of their own", async () => {
  const model = await create("Model", "Model_1", {
    ExecutionRoleArn: ROLE_ARN,
    EnableNetworkIsolation: true,
    PrimaryContainer: { Image: "image", Environment: { SM_VLLM_MAX_MODEL_LEN: 4096 } },
  });
  const config = await create("EndpointConfig", "Config", {
    ExecutionRoleArn: ROLE_ARN,
    ProductionVariants: [
      {
        ...variant,
        InferenceAmiVersion: "al2-ami-sagemaker-inference-gpu-3-1",
        ManagedInstanceScaling: {
          Status: "ENABLED",
          MinInstanceCount: 0,
          MaxInstanceCount: "2",
          ScaleInPolicy: { Strategy: "IDLE_RELEASE" },
        },
        RoutingConfig: { RoutingStrategy: "LEAST_OUTSTANDING_REQUESTS" },
      },
    ],
  });
  const endpoint = await create("Endpoint", "Endpoint", { EndpointConfigName: config.attributes?.EndpointConfigName });
  // Before the endpoint is in service, as a template that is brought to life in one go.
  const component = await create("InferenceComponent", "Component", {
    EndpointName: endpoint.attributes?.EndpointName,
    VariantName: "main",
    RuntimeConfig: { CopyCount: 1 },
    DeploymentConfig: {
      RollingUpdatePolicy: { MaximumBatchSize: { Type: "COPY_COUNT", Value: 1 }, WaitIntervalInSeconds: 60 },
    },
    Specification: {
      ModelName: model.attributes?.ModelName,
      ComputeResourceRequirements: { MinMemoryRequiredInMb: 1024, NumberOfAcceleratorDevicesRequired: 1 },
      DataCacheConfig: { EnableCaching: true },
    },
  });
  expect(model.ref).toMatch(/^arn:aws:sagemaker:us-east-1:123456789012:model\/[a-z0-9-]+$/);
  expect(endpoint.ref).toBe(
    `arn:aws:sagemaker:us-east-1:123456789012:endpoint/${endpoint.attributes?.EndpointName?.toLowerCase()}`,
  );
  const name = component.attributes?.InferenceComponentName ?? "";
  await sagemaker.until(name, inService);
  await waitFor(
    () => sagemaker.describe(name),
    ({ RuntimeConfig }) => RuntimeConfig?.CurrentCopyCount === 1,
  );
});

test.each([
  ["Model", { PrimaryContainer: {} }, /needs a PrimaryContainer .* with an Image/],
  ["Model", { PrimaryContainer: { Image: "i", Surprise: 1 } }, /Surprise/],
  [
    "EndpointConfig",
    { ExecutionRoleArn: ROLE_ARN, ProductionVariants: [{ ...variant, InstanceType: "ml.g99.xlarge" }] },
    /knows no instance type ml\.g99\.xlarge/,
  ],
  ["EndpointConfig", { ProductionVariants: [variant] }, /ExecutionRoleArn is required .* inference components/],
  [
    "EndpointConfig",
    { ExecutionRoleArn: ROLE_ARN, ProductionVariants: [{ VariantName: "main" }] },
    /either an InstanceType or InstancePools/,
  ],
  ["Endpoint", { EndpointConfigName: "absent" }, /Could not find endpoint configuration/],
  [
    "InferenceComponent",
    {
      EndpointName: "absent",
      Specification: { ModelName: "m", ComputeResourceRequirements: { MinMemoryRequiredInMb: 128 } },
    },
    /Could not find endpoint/,
  ],
  ["InferenceComponent", { EndpointName: "absent" }, /either a Specification or Specifications/],
])("%s with %j is refused", async (type, properties, message) => {
  await expect(create(type, "Wrong", properties)).rejects.toThrow(message);
});
