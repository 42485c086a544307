/** Updates of an inference component: batch by batch, and back when an alarm says so or the new copies do not start. */
import {
  CreateEndpointConfigCommand,
  DescribeEndpointCommand,
  UpdateEndpointCommand,
  UpdateInferenceComponentCommand,
} from "@aws-sdk/client-sagemaker";
import { InvokeEndpointCommand } from "@aws-sdk/client-sagemaker-runtime";
import fc from "fast-check";
import type { Revision } from "../../../local/sagemaker/hosting/revision.ts";
import { beginRollout, nextStep, type Rollout } from "../../../local/sagemaker/hosting/rollout.ts";
import { IMAGE, inService, ROLE_ARN, type RunningSageMaker, startSageMaker, waitFor } from "./running-sagemaker.ts";

let sagemaker: RunningSageMaker;
beforeEach(async () => {
  sagemaker = await startSageMaker({}, { monotonicMillis: () => performance.now() * 60 });
  await sagemaker.createEndpoint("e", { InstanceType: "ml.g5.12xlarge" });
  await sagemaker.createComponent("a", "e", { copies: 2, environment: { GENERATION: "old" } });
  await sagemaker.until("a", inService);
}, 30_000);
afterEach(() => sagemaker.stop());

const update = (environment: Record<string, string>, alarms: readonly string[] = []) =>
  sagemaker.control.send(
    new UpdateInferenceComponentCommand({
      InferenceComponentName: "a",
      Specification: {
        Container: { Image: IMAGE, Environment: environment },
        ComputeResourceRequirements: { MinMemoryRequiredInMb: 1_024, NumberOfAcceleratorDevicesRequired: 1 },
        StartupParameters: { ContainerStartupHealthCheckTimeoutInSeconds: 60 },
      },
      DeploymentConfig: {
        RollingUpdatePolicy: { MaximumBatchSize: { Type: "COPY_COUNT", Value: 1 }, WaitIntervalInSeconds: 0 },
        ...(alarms.length > 0 && { AutoRollbackConfiguration: { Alarms: alarms.map((AlarmName) => ({ AlarmName })) } }),
      },
    }),
  );

async function generations(): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let count = 0; count < 12; count++) {
    const { Body } = await sagemaker.runtime.send(
      new InvokeEndpointCommand({ EndpointName: "e", InferenceComponentName: "a", Body: '{"do":"environment"}' }),
    );
    seen.add(JSON.parse(new TextDecoder().decode(Body)).GENERATION);
  }
  return seen;
}

test("every copy runs the new revision in the end, and callers are answered all the while", async () => {
  await update({ GENERATION: "new" });
  expect((await sagemaker.describe("a")).InferenceComponentStatus).toBe("Updating");
  const during = new Set<string>();
  while (!inService(await sagemaker.describe("a"))) for (const each of await generations()) during.add(each);
  expect([...during].every((each) => each === "old" || each === "new")).toBe(true);
  expect(await generations()).toEqual(new Set(["new"]));
  expect(await sagemaker.describe("a")).toMatchObject({ RuntimeConfig: { DesiredCopyCount: 2, CurrentCopyCount: 2 } });
});

test("an alarm takes it back: the old revision serves, and the reason names the alarm", async () => {
  await sagemaker.endpoint.create("AWS::CloudWatch::Alarm", "broken", {
    AlarmName: "broken",
    Namespace: "Farthing",
    MetricName: "Failures",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "breaching",
  });
  await update({ GENERATION: "new" }, ["broken"]);
  await sagemaker.until("a", (seen) => inService(seen) && seen.FailureReason !== undefined);
  expect((await sagemaker.describe("a")).FailureReason).toMatch(/rolled back: the alarm broken is in the state ALARM/);
  expect(await generations()).toEqual(new Set(["old"]));
});

test("new copies that do not start take it back as well", async () => {
  await update({ GENERATION: "new", STARTUP: "exit" });
  await sagemaker.until("a", (seen) => inService(seen) && seen.FailureReason !== undefined);
  expect((await sagemaker.describe("a")).FailureReason).toMatch(/rolled back: The container did not pass the ping/);
  expect(await generations()).toEqual(new Set(["old"]));
  expect((await sagemaker.describe("a")).Specification).toMatchObject({ ModelName: "a-model" });
}, 30_000);

test("UpdateEndpoint changes what the fleet may do", async () => {
  await sagemaker.control.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: "larger",
      ExecutionRoleArn: ROLE_ARN,
      ProductionVariants: [
        {
          VariantName: "all",
          InstanceType: "ml.g5.12xlarge",
          InitialInstanceCount: 1,
          ManagedInstanceScaling: { Status: "ENABLED", MinInstanceCount: 2, MaxInstanceCount: 4 },
        },
      ],
    }),
  );
  await sagemaker.control.send(new UpdateEndpointCommand({ EndpointName: "e", EndpointConfigName: "larger" }));
  const updated = await waitFor(
    () => sagemaker.control.send(new DescribeEndpointCommand({ EndpointName: "e" })),
    (seen) => seen.EndpointStatus === "InService" && seen.ProductionVariants?.[0]?.CurrentInstanceCount === 2,
  );
  expect(updated.EndpointConfigName).toBe("larger");
});

const revision = (number: number): Revision => ({
  number,
  asked: {},
  roleArn: undefined,
  networkIsolation: false,
  placementStrategy: "SPREAD",
  on: () => undefined,
});

/** A fleet that does what it is told, one copy at a time: whatever the numbers, an update ends, and serving copies never fall below. */
test("an update of any size ends, and never asks for fewer than the copies that serve", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
      fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
      (desired, batch, waitSeconds, alarmAt) => {
        const policy = {
          MaximumBatchSize: { Type: "COPY_COUNT" as const, Value: batch },
          WaitIntervalInSeconds: waitSeconds,
        };
        const [from, to] = [revision(1), revision(2)];
        const copies = new Map<Revision, number>([
          [from, desired],
          [to, 0],
        ]);
        let rollout: Rollout = beginRollout(from, to, policy, desired, 0);
        for (let second = 0; second < 200; second++) {
          const step = nextStep(
            rollout,
            {
              desired,
              servingNew: copies.get(rollout.to) ?? 0,
              oldLeft: copies.get(rollout.from) ?? 0,
              nowMillis: second * 1_000,
              alarm: alarmAt !== undefined && second >= alarmAt ? "alarm" : undefined,
              failure: undefined,
            },
            policy,
          );
          if (step.type === "done") {
            expect(copies.get(step.revision)).toBe(desired);
            expect(step.revision === from).toBe(step.reason !== undefined);
            return;
          }
          if (step.type === "failed") throw new Error(step.reason);
          rollout = step.rollout;
          const wanted = Math.min(rollout.wanted, desired);
          const now = copies.get(rollout.to) ?? 0;
          copies.set(rollout.to, now + Math.sign(wanted - now));
          copies.set(
            rollout.from,
            Math.min(copies.get(rollout.from) ?? 0, Math.max(0, desired - (copies.get(rollout.to) ?? 0))),
          );
          expect((copies.get(from) ?? 0) + (copies.get(to) ?? 0)).toBeGreaterThanOrEqual(desired);
        }
        throw new Error("it never ended");
      },
    ),
  );
});
