/** Application Auto Scaling as AWS's SDK speaks it, moving real processes by the metrics that they cause; the clock is ours. */
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
} from "@aws-sdk/client-application-auto-scaling";
import { InvokeEndpointCommand } from "@aws-sdk/client-sagemaker-runtime";
import { inService, type RunningSageMaker, startSageMaker, waitFor } from "../sagemaker/running-sagemaker.ts";

const TARGET = {
  ServiceNamespace: "sagemaker",
  ResourceId: "inference-component/a",
  ScalableDimension: "sagemaker:inference-component:DesiredCopyCount",
} as const;

let sagemaker: RunningSageMaker;
let client: ApplicationAutoScalingClient;
/** Added to the machine's clock: waiting fifteen minutes takes none. */
let aheadMillis = 0;
const clock = () => Date.now() + aheadMillis;
const copies = async () => (await sagemaker.describe("a")).RuntimeConfig?.DesiredCopyCount;

beforeEach(async () => {
  // A whole minute begins now: periods of metrics are whole minutes, too.
  aheadMillis = 60_000 - (Date.now() % 60_000);
  sagemaker = await startSageMaker({ tickMillis: 3_600_000 }, { clock });
  client = new ApplicationAutoScalingClient(sagemaker.endpoint.asOperator);
  await sagemaker.createEndpoint("e", { InstanceType: "ml.g5.12xlarge" });
  await sagemaker.createComponent("a", "e");
  await sagemaker.until("a", inService);
}, 30_000);
afterEach(async () => {
  client.destroy();
  await sagemaker.stop();
});

const register = (MinCapacity: number, MaxCapacity: number) =>
  client.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity, MaxCapacity }));

/** `seconds` go by; each ten of them this many requests were in work for each copy. */
function pass(seconds: number, concurrency?: number): void {
  for (let done = 0; done < seconds; done += 10) {
    if (concurrency !== undefined) {
      sagemaker.cloudwatch.recordMetric({
        namespace: "AWS/SageMaker",
        name: "ConcurrentRequestsPerCopy",
        dimensions: { InferenceComponentName: "a" },
        timestampMillis: clock(),
        unit: "Count",
        resolution: 1,
        value: concurrency,
      });
    }
    aheadMillis += 10_000;
    sagemaker.scaling.tick();
  }
}

const FIVE_PER_COPY = {
  TargetValue: 5,
  PredefinedMetricSpecification: {
    PredefinedMetricType: "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
  },
} as const;

test("target tracking: out within half a minute, in after fifteen, to zero when nobody asks", async () => {
  await register(0, 4);
  await client.send(
    new PutScalingPolicyCommand({
      ...TARGET,
      PolicyName: "track",
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        ...FIVE_PER_COPY,
        ScaleOutCooldown: 60,
        ScaleInCooldown: 60,
      },
    }),
  );
  pass(20, 12);
  expect(await copies()).toBe(1);
  pass(10, 12);
  expect(await copies()).toBe(3);
  await sagemaker.until("a", inService);
  // In the cooldown the same load asks for no more.
  pass(30, 12);
  expect(await copies()).toBe(3);
  pass(60, 2);
  expect(await copies()).toBe(3);
  pass(840, 2);
  await waitFor(copies, (seen) => seen === 2);
  await sagemaker.until("a", inService);
  pass(900, 0);
  expect(await copies()).toBe(0);
  expect(
    (await client.send(new DescribeScalingActivitiesCommand(TARGET))).ScalingActivities?.map(
      ({ Description }) => Description,
    ),
  ).toEqual(["Setting desired capacity to 0.", "Setting desired capacity to 2.", "Setting desired capacity to 3."]);
});

test("from zero: a call that fails sets off the alarm, the alarm the step policy, and the next call is answered", async () => {
  await register(0, 2);
  const { PolicyARN } = await client.send(
    new PutScalingPolicyCommand({
      ...TARGET,
      PolicyName: "wake",
      PolicyType: "StepScaling",
      StepScalingPolicyConfiguration: {
        AdjustmentType: "ChangeInCapacity",
        MetricAggregationType: "Maximum",
        Cooldown: 60,
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
      },
    }),
  );
  await sagemaker.endpoint.create("AWS::CloudWatch::Alarm", "asked", {
    AlarmName: "asked",
    AlarmActions: [PolicyARN],
    Namespace: "AWS/SageMaker",
    MetricName: "NoCapacityInvocationFailures",
    Dimensions: [{ Name: "InferenceComponentName", Value: "a" }],
    Statistic: "Maximum",
    Period: 30,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "missing",
  });
  await sagemaker.scale("a", 0);
  await sagemaker.until("a", inService);
  pass(120);
  expect(await copies()).toBe(0);

  const call = new InvokeEndpointCommand({ EndpointName: "e", InferenceComponentName: "a", Body: "hello" });
  await expect(sagemaker.runtime.send(call)).rejects.toThrow(/no capacity to process/);
  pass(60);
  expect(await copies()).toBe(1);
  await sagemaker.until("a", inService);
  expect(new TextDecoder().decode((await sagemaker.runtime.send(call)).Body)).toBe("hello");
});

test("a schedule moves the bounds, and what lies outside of them follows at once", async () => {
  await register(0, 4);
  await client.send(
    new PutScheduledActionCommand({
      ...TARGET,
      ScheduledActionName: "morning",
      Schedule: `cron(${new Date(clock() + 120_000).getUTCMinutes()} * * * ? *)`,
      ScalableTargetAction: { MinCapacity: 3, MaxCapacity: 4 },
    }),
  );
  pass(60);
  expect(await copies()).toBe(1);
  pass(70);
  expect(await copies()).toBe(3);
  expect(await client.send(new DescribeScalableTargetsCommand({ ServiceNamespace: "sagemaker" }))).toMatchObject({
    ScalableTargets: [{ ...TARGET, MinCapacity: 3, MaxCapacity: 4 }],
  });
  expect(await client.send(new DescribeScheduledActionsCommand({ ServiceNamespace: "sagemaker" }))).toMatchObject({
    ScheduledActions: [{ ScheduledActionName: "morning", Timezone: "UTC" }],
  });
});

test("a service that is busy refuses, which is told once, and it is done when the service is ready", async () => {
  await register(0, 4);
  await sagemaker.scale("a", 2);
  await register(3, 4);
  const activities = async () =>
    (await client.send(new DescribeScalingActivitiesCommand(TARGET))).ScalingActivities ?? [];
  expect(await activities()).toMatchObject([
    { StatusCode: "Failed", StatusMessage: expect.stringMatching(/Cannot update in-progress/) },
  ]);
  await sagemaker.until("a", inService);
  await register(3, 4);
  expect(await copies()).toBe(3);
});

test("suspended scaling does nothing; unknown targets and broken policies are refused", async () => {
  await client.send(
    new RegisterScalableTargetCommand({
      ...TARGET,
      MinCapacity: 0,
      MaxCapacity: 4,
      SuspendedState: {
        DynamicScalingOutSuspended: true,
        DynamicScalingInSuspended: false,
        ScheduledScalingSuspended: false,
      },
    }),
  );
  await client.send(
    new PutScalingPolicyCommand({
      ...TARGET,
      PolicyName: "track",
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: FIVE_PER_COPY,
    }),
  );
  pass(60, 50);
  expect(await copies()).toBe(1);
  expect(await client.send(new DescribeScalingPoliciesCommand({ ServiceNamespace: "sagemaker" }))).toMatchObject({
    ScalingPolicies: [{ PolicyName: "track", PolicyType: "TargetTrackingScaling" }],
  });

  await expect(
    client.send(
      new RegisterScalableTargetCommand({
        ...TARGET,
        ResourceId: "inference-component/b",
        MinCapacity: 0,
        MaxCapacity: 1,
      }),
    ),
  ).rejects.toMatchObject({ name: "ValidationException", message: expect.stringMatching(/does not exist/) });
  await expect(register(3, 2)).rejects.toThrow(/MinCapacity \(3\) is greater/);
  await expect(
    client.send(new PutScalingPolicyCommand({ ...TARGET, PolicyName: "p", PolicyType: "TargetTrackingScaling" })),
  ).rejects.toMatchObject({ name: "ValidationException" });
  await expect(
    client.send(
      new PutScalingPolicyCommand({
        ...TARGET,
        ResourceId: "inference-component/none",
        PolicyName: "p",
        PolicyType: "StepScaling",
        StepScalingPolicyConfiguration: {
          AdjustmentType: "ExactCapacity",
          StepAdjustments: [{ ScalingAdjustment: 1 }],
        },
      }),
    ),
  ).rejects.toMatchObject({ name: "ObjectNotFoundException" });
});

test("templates: a target with a schedule, its policies by reference", async () => {
  const target = await sagemaker.endpoint.create("AWS::ApplicationAutoScaling::ScalableTarget", "Target", {
    ...TARGET,
    MinCapacity: 0,
    MaxCapacity: "3",
    ScheduledActions: [
      {
        ScheduledActionName: "night",
        Schedule: "cron(0 22 * * ? *)",
        Timezone: "Europe/Berlin",
        ScalableTargetAction: { MaxCapacity: 1 },
      },
    ],
  });
  const policy = await sagemaker.endpoint.create("AWS::ApplicationAutoScaling::ScalingPolicy", "Policy", {
    PolicyName: "wake",
    PolicyType: "StepScaling",
    ScalingTargetId: target.ref,
    StepScalingPolicyConfiguration: {
      AdjustmentType: "ExactCapacity",
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
    },
  });
  expect(target.ref).toBe("inference-component/a|sagemaker:inference-component:DesiredCopyCount|sagemaker");
  expect(policy.ref).toMatch(/^arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:.*policyName\/wake$/);
  await expect(
    sagemaker.endpoint.create("AWS::ApplicationAutoScaling::ScalingPolicy", "Broken", {
      PolicyName: "p",
      PolicyType: "StepScaling",
      ScalingTargetId: "nothing",
    }),
  ).rejects.toThrow(/StepScalingPolicyConfiguration|configuration that its type names/);
});
