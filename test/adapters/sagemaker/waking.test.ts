/** Calls that meet a model before its first copy, on the simulator: the adapters' real requests, the waker's real decisions. */
import { CreateEndpointCommand, CreateEndpointConfigCommand, DescribeEndpointCommand } from "@aws-sdk/client-sagemaker";
import { InvokeEndpointCommand } from "@aws-sdk/client-sagemaker-runtime";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { inferenceComponentsOn } from "../../../adapters/sagemaker/inference-components.ts";
import { invocationFailure } from "../../../adapters/sagemaker/invocation-failure.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import type { FarthingError } from "../../../core/errors.ts";
import { isAsleep, isBetterAsJob } from "../../../core/routing/wake/asleep.ts";
import { createSharedWake } from "../../../core/routing/wake/shared-wake.ts";
import { NEW_WAKE_STATE, type WakeState } from "../../../core/routing/wake/wake-state.ts";
import { createWaker } from "../../../core/routing/wake/waker.ts";
import type { Work } from "../../../core/serving/work.ts";
import { ROLE_ARN, type RunningSageMaker, startSageMaker, waitFor } from "../../local/sagemaker/running-sagemaker.ts";

let sagemaker: RunningSageMaker;
afterEach(() => sagemaker.stop());

/** `createEndpoint` of the simulator waits; a caller does not. */
async function beginEndpoint(instances = 1): Promise<void> {
  const variant = {
    VariantName: "all",
    InstanceType: "ml.g5.xlarge" as const,
    InitialInstanceCount: instances,
    ManagedInstanceScaling: { Status: "ENABLED" as const, MinInstanceCount: 0, MaxInstanceCount: 3 },
  };
  const config = { EndpointConfigName: "config", ExecutionRoleArn: ROLE_ARN, ProductionVariants: [variant] };
  await sagemaker.control.send(new CreateEndpointConfigCommand(config));
  await sagemaker.control.send(new CreateEndpointCommand({ EndpointName: "e", EndpointConfigName: "config" }));
}

/** What the endpoint says to a call, in our words; undefined: it answers. */
const refusal = (): Promise<FarthingError | undefined> =>
  sagemaker.runtime
    .send(new InvokeEndpointCommand({ EndpointName: "e", InferenceComponentName: "c", Body: "hello" }))
    .then(() => undefined, invocationFailure);

function copies(laterMillis = 0) {
  const { endpoint, credentials } = sagemaker.endpoint.asOperator;
  return inferenceComponentsOn(
    clientFromEnvironment("sagemaker", {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }),
    {
      endpointOf: (component) => (component === "c" ? "e" : undefined),
      epochMillis: () => Date.now() + laterMillis,
    },
  );
}

function world(laterMillis = 0) {
  let state: WakeState = NEW_WAKE_STATE;
  const waker = createWaker({
    sleeperOf: () => ({ component: "c", wakeSeconds: 2, maxHeld: 5 }),
    shared: createSharedWake({
      store: {
        read: async () => state,
        async write(_, next) {
          if (next.revision - 1 !== state.revision) return "refused";
          state = next;
          return "written";
        },
      },
      copies: copies(laterMillis),
      clock: systemClock,
      random: Math.random,
    }),
    takesJobs: true,
    clock: systemClock,
    newToken: () => Math.random().toString(36).slice(2),
  });
  const ask = (headers: Record<string, string> = {}, hasStandIn = false): Promise<string> => {
    const context = { requestId: "r", deadlineMillis: Date.now() + 20_000 };
    const work = { headers, context } as unknown as Work;
    return waker.met(work, { model: "big", hasOtherTarget: false, hasStandIn }).catch((error: FarthingError) => {
      if (isBetterAsJob(error)) return "job";
      return `${error.code}: ${error.message}`;
    });
  };
  return { ask, state: () => state };
}

test("an endpoint that is being created is a model on its way: each caller gets what its wish says", async () => {
  sagemaker = await startSageMaker({ instanceLaunchMillis: 600 });
  await beginEndpoint();
  const met = await refusal();
  expect(met && isAsleep(met)).toBe(true);
  const { ask, state } = world();
  const held = ask();
  expect(await ask({ prefer: "respond-async" })).toBe("job");
  expect(await ask({}, true)).toBe("on");
  expect(await ask({ prefer: "wait=1" })).toMatch(/^model_not_ready: The model "big" was asleep and is being woken/);
  await waitFor(
    () => sagemaker.control.send(new DescribeEndpointCommand({ EndpointName: "e" })),
    ({ EndpointStatus }) => EndpointStatus === "InService",
  );
  expect(await copies().describe("c")).toMatchObject({ status: "Creating", desired: 1 });
  await sagemaker.createComponent("c", "e");
  expect(await held).toBe("again");
  await waitFor(refusal, (error) => error === undefined);
  // How long it takes from the beginning, nobody has seen.
  expect(state()).toMatchObject({ observedSeconds: [], seats: {} });
});

test("a component that is being created is waited for, and not asked for another change", async () => {
  sagemaker = await startSageMaker({ modelLoadMillis: 700 });
  await sagemaker.createEndpoint("e");
  await sagemaker.createComponent("c", "e");
  const met = await refusal();
  expect(met && isAsleep(met)).toBe(true);
  const { ask, state } = world();
  expect(await ask()).toBe("again");
  expect(await refusal()).toBeUndefined();
  expect(state().failed).toBeUndefined();
});

test("one on its way to zero is raised when it is there", async () => {
  sagemaker = await startSageMaker({ drainMillis: 800 });
  await sagemaker.createEndpoint("e");
  await sagemaker.createComponent("c", "e");
  await sagemaker.until("c", ({ InferenceComponentStatus }) => InferenceComponentStatus === "InService");
  const longCall = sagemaker.runtime.send(
    new InvokeEndpointCommand({
      EndpointName: "e",
      InferenceComponentName: "c",
      Body: JSON.stringify({ do: "wait", millis: 700 }),
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await sagemaker.scale("c", 0);
  expect(await copies().describe("c")).toMatchObject({ status: "Updating", copies: 0, desired: 0 });
  const { ask } = world();
  expect(await ask()).toBe("again");
  await longCall;
  expect(await copies().describe("c")).toMatchObject({ copies: 1, desired: 1 });
});

test("an endpoint without the component, and none at all, are down: nobody waits for them", async () => {
  sagemaker = await startSageMaker();
  const { ask } = world();
  const down = /^model_not_ready: The model "big" could not be woken: it did not come up/;
  expect(await ask()).toMatch(down);
  expect(await copies().describe("c")).toMatchObject({ status: "Failed", failure: "there is no endpoint e" });
  await sagemaker.createEndpoint("e");
  const other = world(600_000);
  expect(await other.ask()).toMatch(down);
  expect(await other.ask({}, true)).toBe("on");
  expect(other.state().failed?.reason).toMatch(/Could not find inference component/);
});
