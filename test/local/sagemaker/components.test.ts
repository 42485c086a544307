/** Inference components as AWS's SDK manages them: copies, places, wake-ups, deaths. */
import { once } from "node:events";
import {
  CreateInferenceComponentCommand,
  DeleteEndpointCommand,
  DeleteInferenceComponentCommand,
  DescribeEndpointCommand,
  ListEndpointsCommand,
  ListInferenceComponentsCommand,
  type ProductionVariant,
} from "@aws-sdk/client-sagemaker";
import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from "@aws-sdk/client-sagemaker-runtime";
import { NO_CAPACITY_MESSAGE } from "../../../local/sagemaker/errors.ts";
import { inService, type RunningSageMaker, startSageMaker, TEST_CONTAINER, waitFor } from "./running-sagemaker.ts";

let sagemaker: RunningSageMaker;
const running: RunningSageMaker[] = [];
async function start(...args: Parameters<typeof startSageMaker>): Promise<RunningSageMaker> {
  sagemaker = await startSageMaker(...args);
  running.push(sagemaker);
  return sagemaker;
}
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

const pool = (...types: readonly ProductionVariant["InstanceType"][]) => ({
  InstancePools: types.map((InstanceType, index) => ({ InstanceType, Priority: index + 1 })) as never,
});
const call = async (component: string, body: unknown = { do: "environment" }) => {
  const { Body } = await sagemaker.runtime.send(
    new InvokeEndpointCommand({ EndpointName: "e", InferenceComponentName: component, Body: JSON.stringify(body) }),
  );
  return JSON.parse(new TextDecoder().decode(Body));
};
const variant = async () =>
  (await sagemaker.control.send(new DescribeEndpointCommand({ EndpointName: "e" }))).ProductionVariants?.[0];
const metric = (component: string, name: string, statistic = "Sum") =>
  sagemaker.cloudwatch
    .recent(
      { namespace: "AWS/SageMaker", name, dimensions: { InferenceComponentName: component }, statistic },
      { periodSeconds: 1, periods: 120 },
    )
    .reduce<number>((sum, value) => sum + (value ?? 0), 0);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("life of a component", () => {
  test("Creating, InService; described with its copies and where they are", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    expect((await sagemaker.describe("a")).InferenceComponentStatus).toBe("Creating");
    await sagemaker.until("a", inService);
    expect(await sagemaker.describe("a")).toMatchObject({
      EndpointName: "e",
      VariantName: "all",
      RuntimeConfig: {
        DesiredCopyCount: 1,
        CurrentCopyCount: 1,
        PlacementStatus: [{ InstanceType: "ml.g5.xlarge", CurrentCopyCount: 1 }],
      },
    });
    expect(await sagemaker.control.send(new ListInferenceComponentsCommand({ EndpointNameEquals: "e" }))).toMatchObject(
      {
        InferenceComponents: [{ InferenceComponentName: "a", InferenceComponentStatus: "InService" }],
      },
    );
  });

  test("deleted with its process; an endpoint that hosts one is in use", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    const { pid } = await call("a");
    await expect(sagemaker.control.send(new DeleteEndpointCommand({ EndpointName: "e" }))).rejects.toMatchObject({
      name: "ResourceInUse",
    });
    await sagemaker.control.send(new DeleteInferenceComponentCommand({ InferenceComponentName: "a" }));
    await waitFor(
      () => sagemaker.control.send(new ListInferenceComponentsCommand({})),
      ({ InferenceComponents }) => InferenceComponents?.length === 0,
    );
    expect(alive(pid)).toBe(false);
    await sagemaker.control.send(new DeleteEndpointCommand({ EndpointName: "e" }));
    await waitFor(
      () => sagemaker.control.send(new ListEndpointsCommand({})),
      ({ Endpoints }) => Endpoints?.length === 0,
    );
  });

  test("never created with zero copies, nor twice, nor changed in the middle of a change", async () => {
    await start({ modelLoadMillis: 300 });
    await sagemaker.createEndpoint("e");
    await expect(sagemaker.createComponent("zero", "e", { copies: 0 })).rejects.toThrow(/integer larger than 0/);
    await sagemaker.createComponent("a", "e");
    await expect(sagemaker.scale("a", 2)).rejects.toThrow(/Cannot update in-progress inference component/);
    await sagemaker.until("a", inService);
    await expect(sagemaker.createComponent("a", "e")).rejects.toThrow(/Cannot create already existing model/);
  });

  test("a container that never answers its ping, and one that ends at once: Failed, with the reason and the log", async () => {
    // The API's shortest patience is a minute.
    await start({}, { monotonicMillis: () => performance.now() * 60 });
    await sagemaker.createEndpoint("e", { InitialInstanceCount: 2 });
    const failing = (startup: string) =>
      sagemaker.endpoint.create("AWS::SageMaker::InferenceComponent", startup, {
        InferenceComponentName: startup,
        EndpointName: "e",
        Specification: {
          Container: { Image: "image", Environment: { STARTUP: startup } },
          ComputeResourceRequirements: { MinMemoryRequiredInMb: 1_024 },
          StartupParameters: { ContainerStartupHealthCheckTimeoutInSeconds: 60 },
        },
      });
    await failing("never-ready");
    await failing("exit");
    for (const [name, why] of [
      ["never-ready", /did not pass the ping health check.*never answered \/ping/],
      ["exit", /did not pass the ping health check.*ended with status 3/],
    ] as const) {
      await sagemaker.until(name, ({ InferenceComponentStatus }) => InferenceComponentStatus === "Failed");
      expect((await sagemaker.describe(name)).FailureReason).toMatch(why);
    }
  }, 30_000);

  test("without anything to run in place of an image it fails, and says why", async () => {
    await start({}, { container: { ...TEST_CONTAINER, executable: "/no/such/program" } });
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", ({ InferenceComponentStatus }) => InferenceComponentStatus === "Failed");
    expect((await sagemaker.describe("a")).FailureReason).toMatch(/no\/such\/program/);
  });
});

describe("zero copies", () => {
  test("callers get AWS's sentence until a copy serves again, and each of them counts", async () => {
    await start({ instanceLaunchMillis: 200, modelLoadMillis: 100, instanceReleaseMillis: 50 });
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    const { pid } = await call("a");
    await sagemaker.scale("a", 0);
    await sagemaker.until("a", (seen) => inService(seen) && seen.RuntimeConfig?.CurrentCopyCount === 0);
    expect(alive(pid)).toBe(false);
    await waitFor(variant, (seen) => seen?.CurrentInstanceCount === 0);

    const refused = { name: "ValidationError", message: NO_CAPACITY_MESSAGE, $metadata: { httpStatusCode: 400 } };
    await expect(call("a")).rejects.toMatchObject(refused);
    await expect(
      sagemaker.runtime.send(
        new InvokeEndpointWithResponseStreamCommand({ EndpointName: "e", InferenceComponentName: "a", Body: "{}" }),
      ),
    ).rejects.toMatchObject(refused);

    const asked = Date.now();
    await sagemaker.scale("a", 1);
    await expect(call("a")).rejects.toMatchObject(refused);
    await sagemaker.until("a", inService);
    // An instance and a model: what the two delays say, and no less.
    expect(Date.now() - asked).toBeGreaterThanOrEqual(300);
    expect(await call("a")).toMatchObject({ arguments: ["serve"] });
    await waitFor(
      async () => metric("a", "NoCapacityInvocationFailures"),
      (count) => count === 3,
    );
  });

  test("requests that run are finished before their copy goes", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    const answer = call("a", { do: "wait", millis: 1_000 });
    await waitFor(
      () => call("a", { do: "stalled" }),
      ({ count }) => count === 1,
    );
    await sagemaker.scale("a", 0);
    expect((await sagemaker.describe("a")).InferenceComponentStatus).toBe("Updating");
    await expect(call("a")).rejects.toThrow(/no capacity/);
    expect(await answer).toMatchObject({ pid: expect.any(Number) });
    await sagemaker.until("a", inService);
  });
});

describe("places", () => {
  test("several models share an instance as long as they fit, then another is launched, up to the most", async () => {
    await start();
    // Four accelerators, 192 GB.
    await sagemaker.createEndpoint("e", {
      InstanceType: "ml.g5.12xlarge",
      ManagedInstanceScaling: { Status: "ENABLED", MinInstanceCount: 0, MaxInstanceCount: 2 },
    });
    await sagemaker.createComponent("two", "e", { accelerators: 2 });
    await sagemaker.createComponent("one", "e", { accelerators: 1, copies: 2 });
    await sagemaker.until("two", inService);
    await sagemaker.until("one", inService);
    expect(await variant()).toMatchObject({ CurrentInstanceCount: 1 });

    await sagemaker.createComponent("more", "e", { accelerators: 3 });
    await sagemaker.until("more", inService);
    expect(await variant()).toMatchObject({ CurrentInstanceCount: 2 });

    await sagemaker.scale("more", 2);
    await sagemaker.until("more", ({ FailureReason }) => FailureReason !== undefined);
    expect(await sagemaker.describe("more")).toMatchObject({
      InferenceComponentStatus: "Updating",
      FailureReason: expect.stringMatching(/all 2 instances that it may have/),
      RuntimeConfig: { DesiredCopyCount: 2, CurrentCopyCount: 1 },
    });
  });

  test("a copy that fits on no instance is refused with the arithmetic", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("large", "e", { memoryMb: 20_000 });
    await sagemaker.until("large", ({ InferenceComponentStatus }) => InferenceComponentStatus === "Failed");
    expect((await sagemaker.describe("large")).FailureReason).toMatch(/16384 MB; a copy needs 1, 0 and 20000 MB/);
  });

  test("pools are asked by priority: the first without capacity is passed over", async () => {
    await start({ unavailableInstanceTypes: ["ml.g6e.xlarge"] });
    await sagemaker.createEndpoint("e", pool("ml.g6e.xlarge", "ml.g5.xlarge", "ml.g6.xlarge"));
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    expect((await sagemaker.describe("a")).RuntimeConfig?.PlacementStatus).toEqual([
      { InstanceType: "ml.g5.xlarge", CurrentCopyCount: 1 },
    ]);
  });

  test("specifications by instance type: each type runs its own", async () => {
    await start();
    await sagemaker.createEndpoint("e", pool("ml.g5.12xlarge", "ml.g5.xlarge"));
    const of = (InstanceType: string, accelerators: number) => ({
      InstanceType,
      Container: { Image: "image", Environment: { GPUS: String(accelerators) } },
      ComputeResourceRequirements: {
        MinMemoryRequiredInMb: 1_024,
        NumberOfAcceleratorDevicesRequired: accelerators,
      },
    });
    await sagemaker.control.send(
      new CreateInferenceComponentCommand({
        InferenceComponentName: "a",
        EndpointName: "e",
        Specifications: [of("ml.g5.12xlarge", 4), of("ml.g5.xlarge", 1)] as never,
        RuntimeConfig: { CopyCount: 1 },
      }),
    );
    await sagemaker.until("a", inService);
    expect(await call("a")).toMatchObject({ GPUS: "4" });
  });
});

describe("deaths", () => {
  test("kill -9 under a hundred streams: each breaks, and the copy comes back by itself", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    const { pid } = await call("a");
    const client = new SageMakerRuntimeClient({
      ...sagemaker.endpoint.asOperator,
      requestHandler: { httpAgent: { maxSockets: 200 } },
    });
    const streams = await Promise.all(
      Array.from({ length: 100 }, () =>
        client.send(
          new InvokeEndpointWithResponseStreamCommand({
            EndpointName: "e",
            InferenceComponentName: "a",
            Body: JSON.stringify({ do: "stall" }),
          }),
        ),
      ),
    );
    const ends = Promise.allSettled(
      streams.map(async ({ Body }) => {
        for await (const { PayloadPart } of Body ?? []) expect(PayloadPart?.Bytes?.length).toBeGreaterThan(0);
      }),
    );
    process.kill(pid, "SIGKILL");
    for (const end of await ends) {
      expect(end).toMatchObject({ reason: { name: "ModelStreamError", ErrorCode: "StreamBroken" } });
    }
    client.destroy();
    const again = await waitFor(
      () => call("a").catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(again.pid).not.toBe(pid);
    expect((await sagemaker.describe("a")).RuntimeConfig?.CurrentCopyCount).toBe(1);
  });

  test("a container that falls silent is started again", async () => {
    await start({ pingMillis: 20, pingTimeoutMillis: 100 });
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e");
    await sagemaker.until("a", inService);
    const { pid } = await call("a");
    process.kill(pid, "SIGSTOP");
    const again = await waitFor(
      () =>
        Promise.race([call("a").catch(() => undefined), once(AbortSignal.timeout(500), "abort").then(() => undefined)]),
      (answer) => answer !== undefined,
    );
    expect(again.pid).not.toBe(pid);
    expect(alive(pid)).toBe(false);
  });

  test("stopping the platform leaves no process", async () => {
    await start();
    await sagemaker.createEndpoint("e");
    await sagemaker.createComponent("a", "e", { copies: 2 });
    await sagemaker.until("a", inService);
    const { pid } = await call("a");
    await running.pop()?.stop();
    expect(alive(pid)).toBe(false);
  });
});
