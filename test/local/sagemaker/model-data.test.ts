/** A model's files come from S3 with the rights of the execution role, and lie where the container looks for them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DescribeEndpointCommand,
  UpdateEndpointWeightsAndCapacitiesCommand,
} from "@aws-sdk/client-sagemaker";
import { InvokeEndpointAsyncCommand, InvokeEndpointCommand } from "@aws-sdk/client-sagemaker-runtime";
import { IMAGE, ROLE_ARN, type RunningSageMaker, startSageMaker, waitFor } from "./running-sagemaker.ts";

let sagemaker: RunningSageMaker;
let s3: S3Client;
/** Added to the machine's clock. */
let aheadMillis = 0;

beforeEach(async () => {
  aheadMillis = 0;
  sagemaker = await startSageMaker({}, { clock: () => Date.now() + aheadMillis });
  s3 = new S3Client({ ...sagemaker.endpoint.asOperator, forcePathStyle: true });
  await sagemaker.endpoint.create("AWS::S3::Bucket", "models", { BucketName: "models" });
  await sagemaker.endpoint.create("AWS::S3::Bucket", "secret", { BucketName: "secret" });
}, 30_000);
afterEach(async () => {
  s3.destroy();
  await sagemaker.stop();
});

const put = (Bucket: string, Key: string, Body: string | Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const text = async (Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

/** A variant with a model of its own, as endpoints without components have. */
async function createVariantEndpoint(name: string, container: object, asyncInference?: object): Promise<void> {
  await sagemaker.control.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: ROLE_ARN,
      PrimaryContainer: { Image: IMAGE, ...container },
    }),
  );
  await sagemaker.control.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: "all", ModelName: name, InstanceType: "ml.g5.xlarge", InitialInstanceCount: 1 },
      ],
      ...(asyncInference && { AsyncInferenceConfig: asyncInference as never }),
    }),
  );
  await sagemaker.control.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: name }));
}
const status = (name: string) => sagemaker.control.send(new DescribeEndpointCommand({ EndpointName: name }));
const settled = (name: string) =>
  waitFor(
    () => status(name),
    ({ EndpointStatus }) => EndpointStatus !== "Creating",
  );
const modelDirectory = async (name: string) => {
  const { Body } = await sagemaker.runtime.send(
    new InvokeEndpointCommand({ EndpointName: name, Body: '{"do":"environment"}' }),
  );
  return JSON.parse(new TextDecoder().decode(Body)).SM_MODEL_DIR as string;
};

test("all objects below a prefix", async () => {
  await put("models", "seven/config.json", "{}");
  await put("models", "seven/weights/1.bin", "abc");
  await createVariantEndpoint("e", {
    ModelDataSource: { S3DataSource: { S3Uri: "s3://models/seven/", S3DataType: "S3Prefix", CompressionType: "None" } },
  });
  expect((await settled("e")).EndpointStatus).toBe("InService");
  const directory = await modelDirectory("e");
  expect(readFileSync(join(directory, "config.json"), "utf8")).toBe("{}");
  expect(readFileSync(join(directory, "weights/1.bin"), "utf8")).toBe("abc");
});

test("one archive", async () => {
  const folder = mkdtempSync(join(tmpdir(), "farthing-test-"));
  writeFileSync(join(folder, "model.txt"), "unpacked");
  const archive = execFileSync("tar", ["-cz", "-C", folder, "model.txt"]);
  rmSync(folder, { recursive: true });
  await put("models", "model.tar.gz", archive);
  await createVariantEndpoint("e", { ModelDataUrl: "s3://models/model.tar.gz" });
  expect((await settled("e")).EndpointStatus).toBe("InService");
  expect(readFileSync(join(await modelDirectory("e"), "model.txt"), "utf8")).toBe("unpacked");
});

test("what the role may not read, and what is not there: Failed, with the reason", async () => {
  await put("secret", "model/a", "x");
  const source = (S3Uri: string) => ({
    ModelDataSource: { S3DataSource: { S3Uri, S3DataType: "S3Prefix", CompressionType: "None" } },
  });
  await createVariantEndpoint("denied", source("s3://secret/model/"));
  expect(await settled("denied")).toMatchObject({
    EndpointStatus: "Failed",
    FailureReason: expect.stringMatching(/Failed to download model data.*not authorized to perform: s3:ListBucket/),
  });
  await createVariantEndpoint("absent", source("s3://models/nothing/"));
  expect((await settled("absent")).FailureReason).toMatch(/there is no object at s3:\/\/models\/nothing/);
});

describe("InvokeEndpointAsync", () => {
  const output = { OutputConfig: { S3OutputPath: "s3://models/out", S3FailurePath: "s3://models/failed" } };
  const keyOf = (location: string | undefined) => (location ?? "").replace("s3://models/", "");
  const arrived = (key: string) =>
    waitFor(
      () => text("models", key).catch(() => undefined),
      (seen) => seen !== undefined,
    );

  test("input from S3 or inline, output to S3 under the name that was asked for", async () => {
    await createVariantEndpoint("e", {}, output);
    await settled("e");
    await put("models", "in/1.json", "from S3");
    const first = await sagemaker.runtime.send(
      new InvokeEndpointAsyncCommand({
        EndpointName: "e",
        InputLocation: "s3://models/in/1.json",
        InferenceId: "id-1",
      }),
    );
    expect(first).toMatchObject({ InferenceId: "id-1", $metadata: { httpStatusCode: 202 } });
    expect(await arrived(keyOf(first.OutputLocation))).toBe("from S3");
    const second = await sagemaker.runtime.send(
      new InvokeEndpointAsyncCommand({
        EndpointName: "e",
        Body: Buffer.from("inline"),
        Filename: "answer.json",
      } as never),
    );
    expect(second.OutputLocation).toBe("s3://models/out/answer.json");
    expect(await arrived("out/answer.json")).toBe("inline");
  });

  test("a failure is written to the failure path; requests wait while there is no instance", async () => {
    await createVariantEndpoint("e", {}, output);
    await settled("e");
    const ask = (body: unknown) =>
      sagemaker.runtime.send(
        new InvokeEndpointAsyncCommand({ EndpointName: "e", Body: Buffer.from(JSON.stringify(body)) } as never),
      );
    const failed = await ask({ do: "error", status: 500, message: "broken" });
    expect(await arrived(keyOf(failed.FailureLocation))).toMatch(/ModelError: Received server error \(500\).*broken/);

    const capacity = (DesiredInstanceCount: number) =>
      sagemaker.control.send(
        new UpdateEndpointWeightsAndCapacitiesCommand({
          EndpointName: "e",
          DesiredWeightsAndCapacities: [{ VariantName: "all", DesiredInstanceCount }],
        }),
      );
    await capacity(0);
    await waitFor(
      () => status("e"),
      (seen) => seen.ProductionVariants?.[0]?.CurrentInstanceCount === 0,
    );
    const waiting = await ask({ do: "wait", millis: 1 });
    const backlog = () =>
      sagemaker.cloudwatch.recent(
        {
          namespace: "AWS/SageMaker",
          name: "HasBacklogWithoutCapacity",
          dimensions: { EndpointName: "e" },
          statistic: "Maximum",
        },
        { periodSeconds: 60, periods: 2 },
      );
    // The minute is over at once, by our clock: what was measured in it is told.
    await waitFor(
      async () => {
        aheadMillis += 20_000;
        return backlog();
      },
      (values) => values.includes(1),
    );
    await expect(text("models", keyOf(waiting.OutputLocation))).rejects.toMatchObject({ name: "NoSuchKey" });
    await capacity(1);
    expect(await arrived(keyOf(waiting.OutputLocation))).toMatch(/pid/);
  });

  test("an asynchronous endpoint answers no direct calls, and the other way round", async () => {
    await createVariantEndpoint("later", {}, output);
    await createVariantEndpoint("now", {});
    await Promise.all([settled("later"), settled("now")]);
    await expect(
      sagemaker.runtime.send(new InvokeEndpointCommand({ EndpointName: "later", Body: "x" })),
    ).rejects.toThrow(/is an asynchronous inference endpoint/);
    await expect(
      sagemaker.runtime.send(new InvokeEndpointAsyncCommand({ EndpointName: "now", InputLocation: "s3://models/a" })),
    ).rejects.toThrow(/is not an asynchronous inference endpoint/);
  });
});
