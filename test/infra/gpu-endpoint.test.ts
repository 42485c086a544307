import { idleCost } from "../../core/pricing/deployment-cost.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { parseEnvironment } from "../../functions/inference/environment.ts";
import { assembly, resources, type SynthesisedResource } from "./assembly.ts";

type Properties = Readonly<Record<string, unknown>>;

const ofType = (type: string) => resources(assembly("gpu"), `AWS::${type}`);
const withName = (type: string, property: string, value: string): Properties => {
  const found = ofType(type).find(({ Properties }) => Properties?.[property] === value);
  if (found?.Properties === undefined) throw new Error(`no ${type} with ${property} ${value}`);
  return found.Properties;
};
const component = (model: string) =>
  withName("SageMaker::InferenceComponent", "InferenceComponentName", `farthing-prod-${model}`);
const policy = (name: string) => withName("ApplicationAutoScaling::ScalingPolicy", "PolicyName", name);
const configOf = (endpoint: string): Properties => {
  const { EndpointConfigName } = withName("SageMaker::Endpoint", "EndpointName", `farthing-prod-${endpoint}`) as {
    readonly EndpointConfigName: { readonly "Fn::GetAtt": readonly [string, string] };
  };
  const [id] = EndpointConfigName["Fn::GetAtt"];
  return ofType("SageMaker::EndpointConfig").find((config) => config.id === id)?.Properties ?? {};
};
const variantOf = (endpoint: string) => (configOf(endpoint).ProductionVariants as readonly Properties[])[0];
const alarmWith = (action: string): Properties | undefined => {
  const scaling = ofType("ApplicationAutoScaling::ScalingPolicy").find((p) => p.Properties?.PolicyName === action);
  return ofType("CloudWatch::Alarm").find(
    ({ Properties }) => JSON.stringify(Properties?.AlarmActions) === JSON.stringify([{ Ref: scaling?.id }]),
  )?.Properties;
};

describe("an endpoint", () => {
  test("has instance types by price per token, none of them while nobody asks, and no way out of its containers", () => {
    expect(configOf("chat")).toMatchObject({ EnableNetworkIsolation: true, ExecutionRoleArn: expect.anything() });
    expect(variantOf("chat")).toMatchObject({
      InstancePools: expect.arrayContaining([{ InstanceType: "ml.g5.xlarge", Priority: 1 }]),
      InitialInstanceCount: 1,
      ManagedInstanceScaling: {
        Status: "ENABLED",
        MinInstanceCount: 0,
        MaxInstanceCount: 1,
        ScaleInPolicy: { Strategy: "IDLE_RELEASE" },
      },
    });
    // SageMaker refuses a key for the disks of these types.
    expect(configOf("chat").KmsKeyId).toBeUndefined();
  });

  test("sends conversations where their beginning was read; embeddings where least waits", () => {
    expect(variantOf("chat")?.RoutingConfig).toEqual({
      RoutingStrategy: "PREFIX_AWARE",
      PrefixAwareRoutingConfig: { PrefixLength: 4096, ConcurrencyThreshold: 4 },
    });
    expect(variantOf("shared")?.RoutingConfig).toEqual({ RoutingStrategy: "LEAST_OUTSTANDING_REQUESTS" });
  });

  test("holds two models on instances that have GPUs for both", () => {
    const types = (variantOf("shared")?.InstancePools as readonly { readonly InstanceType: string }[]).map(
      ({ InstanceType }) => InstanceType,
    );
    expect(types[0]).toBe("ml.g7e.12xlarge");
    for (const model of ["llama-3-1-8b-instruct", "qwen3-embedding-0-6b"]) {
      expect(component(model)).toMatchObject({ EndpointName: "farthing-prod-shared", VariantName: "main" });
      const specifications = component(model).Specifications as readonly { readonly InstanceType: string }[];
      expect(specifications.map(({ InstanceType }) => InstanceType)).toEqual(types);
    }
  });

  test("is as the plan says: one type, a copy that stays, more by day", () => {
    const planned = variantOf("planned");
    expect(planned).toMatchObject({
      InstanceType: "ml.g6e.12xlarge",
      ManagedInstanceScaling: { MinInstanceCount: 1, MaxInstanceCount: 4 },
    });
    expect(planned).not.toHaveProperty("InstancePools");
    expect(component("deepseek-r1-distill-qwen-32b").Specification).toMatchObject({
      ComputeResourceRequirements: { NumberOfAcceleratorDevicesRequired: 4 },
    });
    const id = "inference-component/farthing-prod-deepseek-r1-distill-qwen-32b";
    expect(withName("ApplicationAutoScaling::ScalableTarget", "ResourceId", id)).toMatchObject({
      MinCapacity: 1,
      MaxCapacity: 4,
      ScheduledActions: [
        {
          Schedule: "cron(0 8 ? * MON-FRI *)",
          Timezone: "Europe/Berlin",
          ScalableTargetAction: { MinCapacity: 2, MaxCapacity: 4 },
        },
      ],
    });
  });
});

describe("a component", () => {
  const model = "deepseek-r1-distill-qwen-7b";
  const name = `farthing-prod-${model}`;

  test("keeps weights on the instance, is updated copy by copy, and goes back when requests fail", () => {
    const failures = ofType("CloudWatch::Alarm").find(
      ({ Properties }) =>
        Properties?.MetricName === "Invocation5XXErrors" && JSON.stringify(Properties.Dimensions).includes(`"${name}"`),
    );
    expect(component(model)).toMatchObject({
      RuntimeConfig: { CopyCount: 1 },
      DeploymentConfig: {
        RollingUpdatePolicy: { MaximumBatchSize: { Type: "COPY_COUNT", Value: 1 } },
        AutoRollbackConfiguration: { Alarms: [{ AlarmName: { Ref: failures?.id } }] },
      },
    });
    for (const specification of component(model).Specifications as readonly Properties[]) {
      expect(specification).toMatchObject({
        DataCacheConfig: { EnableCaching: true },
        ComputeResourceRequirements: { NumberOfAcceleratorDevicesRequired: 1, MinMemoryRequiredInMb: 6144 },
      });
    }
  });

  test("scales by requests for each copy, from none when somebody asks in vain, to none after rent or buy", () => {
    expect(policy(`${name}-concurrency`).TargetTrackingScalingPolicyConfiguration).toMatchObject({
      PredefinedMetricSpecification: {
        PredefinedMetricType: "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
      },
      TargetValue: 2.8,
    });
    expect(policy(`${name}-wake`).StepScalingPolicyConfiguration).toMatchObject({
      AdjustmentType: "ExactCapacity",
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
    });
    const dimensions = [{ Name: "InferenceComponentName", Value: name }];
    expect(alarmWith(`${name}-wake`)).toMatchObject({
      MetricName: "NoCapacityInvocationFailures",
      Dimensions: dimensions,
    });
    // 706 seconds in minutes: callers wait in a router of 1024 MB.
    expect(alarmWith(`${name}-sleep`)).toMatchObject({
      MetricName: "ConcurrentRequestsPerCopy",
      Dimensions: dimensions,
      Period: 60,
      EvaluationPeriods: 12,
      Threshold: 0,
      ComparisonOperator: "LessThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
    });
  });

  test("runs AWS's vLLM image of its own region with what the card asks for, offline", () => {
    const models = ofType("SageMaker::Model").filter(({ id }) => id.includes("deepseekr1distillqwen7b"));
    expect(models).toHaveLength(2);
    for (const { Properties } of models) {
      expect(Properties).toMatchObject({
        EnableNetworkIsolation: true,
        PrimaryContainer: {
          Environment: {
            SM_VLLM_MODEL: "/opt/ml/model",
            SM_VLLM_SERVED_MODEL_NAME: model,
            SM_VLLM_TENSOR_PARALLEL_SIZE: "1",
            SM_VLLM_MAX_MODEL_LEN: "16384",
            SM_VLLM_MAX_NUM_SEQS: "4",
            SM_VLLM_DTYPE: "bfloat16",
            SM_VLLM_REASONING_PARSER: "deepseek_r1",
            HF_HUB_OFFLINE: "1",
          },
        },
      });
      const text = JSON.stringify(Properties);
      expect(text).toContain("/vllm:0.27.1-gpu-py312-cu130-ubuntu22.04-sagemaker");
      expect(text).toContain('"DlcRepositoryAccountMap",{"Ref":"AWS::Region"}');
      expect(text).toContain(`/weights/${model}/main/`);
    }
  });
});

test("requests by way of S3 have an endpoint of their own, which their queue scales from and to nothing", () => {
  const name = "farthing-prod-deepseek-r1-distill-qwen-7b-async";
  expect(configOf("deepseek-r1-distill-qwen-7b-async")).toMatchObject({
    AsyncInferenceConfig: {
      ClientConfig: { MaxConcurrentInvocationsPerInstance: 4 },
      OutputConfig: { KmsKeyId: expect.stringContaining(":key/") },
    },
  });
  const target = withName("ApplicationAutoScaling::ScalableTarget", "ResourceId", `endpoint/${name}/variant/main`);
  expect(target).toMatchObject({ MinCapacity: 0, ScalableDimension: "sagemaker:variant:DesiredInstanceCount" });
  expect(alarmWith(`${name}-wake`)).toMatchObject({ MetricName: "HasBacklogWithoutCapacity" });
});

describe("the router", () => {
  const router = resources(assembly("gpu"), "AWS::Lambda::Function").find(({ id }) => id.startsWith("Router"));
  const variables = (router?.Properties?.Environment as { readonly Variables: Record<string, unknown> }).Variables;

  test("is told where the models are, and its code reads it", () => {
    const texts = Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, typeof value === "string" ? value : "x"]),
    );
    const { endpoints } = parseEnvironment({ ...texts, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024" });
    expect(endpoints["deepseek-r1-distill-qwen-32b"]).toEqual({
      endpoint: "farthing-prod-planned",
      component: "farthing-prod-deepseek-r1-distill-qwen-32b",
      wakeSeconds: 600,
      maxHeld: 20,
      fallback: ["deepseek-r1-distill-qwen-7b"],
      contextTokens: 16_384,
    });
    expect(endpoints["deepseek-r1-distill-qwen-7b"]?.asynchronous).toEqual({
      endpoint: "farthing-prod-deepseek-r1-distill-qwen-7b-async",
      prefix: "async/deepseek-r1-distill-qwen-7b/",
    });
    expect(Object.keys(endpoints)).toHaveLength(4);
  });

  test("may call and wake these models, and none without a name", () => {
    const [roleId] = (router?.Properties?.Role as { readonly "Fn::GetAtt": readonly [string] })["Fn::GetAtt"];
    const role = resources(assembly("gpu"), "AWS::IAM::Role").find(({ id }) => id === roleId) as SynthesisedResource;
    const statements = (
      role.Properties?.Policies as readonly {
        readonly PolicyDocument: {
          readonly Statement: readonly { readonly Sid: string; readonly Resource: unknown }[];
        };
      }[]
    ).flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    const of = (sid: string) => statements.find(({ Sid }) => Sid === sid);
    expect(of("InvokeModels")).toMatchObject({
      Action: ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"],
    });
    expect(of("WakeModels")).toMatchObject({
      Action: ["sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig"],
    });
    expect(of("SeeEndpoints")).toMatchObject({ Action: "sagemaker:DescribeEndpoint" });
    const names = (sid: string) =>
      [of(sid)?.Resource]
        .flat()
        .map((arn) => /:((?:endpoint|inference-component)\/[\w-]+)"/.exec(JSON.stringify(arn))?.[1]);
    expect(names("InvokeModels").sort()).toEqual([
      "endpoint/farthing-prod-chat",
      "endpoint/farthing-prod-planned",
      "endpoint/farthing-prod-shared",
      ...names("WakeModels").sort(),
    ]);
    expect(names("WakeModels")).toHaveLength(4);
  });

  test("keeps two environments ready, up to ten by their use, and is called by its alias", () => {
    const alias = resources(assembly("gpu"), "AWS::Lambda::Alias").find(({ id }) => id.startsWith("Router"));
    expect(alias?.Properties).toMatchObject({
      Name: "live",
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
    expect(router?.Properties?.MemorySize).toBe(1024);
    const id = "function:farthing-prod-router:live";
    expect(withName("ApplicationAutoScaling::ScalableTarget", "ResourceId", id)).toMatchObject({
      MinCapacity: 2,
      MaxCapacity: 10,
      ScalableDimension: "lambda:function:ProvisionedConcurrency",
    });
    for (const { Properties } of resources(assembly("gpu"), "AWS::ApiGateway::Method")) {
      if (Properties?.HttpMethod !== "ANY") continue;
      const uri = JSON.stringify((Properties.Integration as Properties).Uri);
      if (uri.includes("farthing-prod-router")) expect(uri).toContain(":function:farthing-prod-router:live/");
    }
  });
});

test("idle, GPUs cost nothing where none stays; a copy that stays and environments that are kept ready do", () => {
  const { lines, unknownTypes } = idleCost(Object.values(assembly("gpu").templates), usEast1);
  expect(unknownTypes).toEqual([]);
  const usd = (item: string) => lines.find((line) => line.item === item)?.usd;
  expect(usd("GPU endpoint (ml.g5.xlarge)")).toBe(0);
  expect(usd("GPU endpoint (ml.g7e.12xlarge)")).toBe(0);
  expect(usd("GPU endpoint (ml.g6e.12xlarge)")).toBeCloseTo(13.12 * 730, 6);
  expect(usd("provisioned concurrency (1024 MB arm64)")).toBeCloseTo(2 * 3.3334e-6 * 3600 * 730, 6);
});

test("another price in the book, another template: instance types, idle time-out, environments that are kept ready", () => {
  const decided = (variant: string) => {
    const all = resources(assembly(variant));
    const find = (type: string, part: string) =>
      all.find(({ Type, id }) => Type === `AWS::${type}` && id.includes(part))?.Properties as Properties;
    const [main] = find("SageMaker::EndpointConfig", "EndpointchatConfig").ProductionVariants as readonly Properties[];
    return {
      first: (main?.InstancePools as readonly { readonly InstanceType: string }[])[0]?.InstanceType,
      idleMinutes: find("CloudWatch::Alarm", "chatModeldeepseekr1distillqwen7bScalingIdle").EvaluationPeriods,
      kept: find("Lambda::Alias", "Groupsmall").ProvisionedConcurrencyConfig,
    };
  };
  expect(decided("gpu")).toEqual({
    first: "ml.g5.xlarge",
    idleMinutes: 12,
    kept: { ProvisionedConcurrentExecutions: 9 },
  });
  expect(decided("prices")).toEqual({
    first: "ml.g6e.xlarge",
    idleMinutes: 13,
    kept: { ProvisionedConcurrentExecutions: 7 },
  });
});

test("an environment without endpoints has nothing of all this", () => {
  const types = new Set(resources(assembly("prod")).map(({ Type }) => Type));
  expect([...types].filter((type) => /SageMaker|AutoScaling|Alias/.test(type))).toEqual([]);
});
