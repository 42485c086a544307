import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { MetricRecorder } from "../../../local/cloudwatch/simulator.ts";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const recorded: Parameters<MetricRecorder["recordMetric"]>[0][] = [];
const metrics: MetricRecorder = { recordMetric: (datum) => void recorded.push(datum) };
let endpoint: RunningEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access, metrics })]);
  const MetricsConfigurations = [{ Id: "EntireBucket" }];
  await endpoint.create("AWS::S3::Bucket", "Counted", { BucketName: "counted", MetricsConfigurations });
  await endpoint.create("AWS::S3::Bucket", "Quiet", { BucketName: "quiet" });
  s3 = new S3Client(endpoint.asOperator);
});
afterAll(async () => {
  s3.destroy();
  await endpoint.stop();
});

const count = (bucket: string, name: string) =>
  recorded.filter((datum) => datum.name === name && datum.dimensions.BucketName === bucket).length;
const storedBytes = (bucket: string) =>
  recorded.findLast(({ name, dimensions }) => name === "BucketSizeBytes" && dimensions.BucketName === bucket);

test("requests by kind, of buckets that ask for it; bytes of all", async () => {
  for (const Bucket of ["counted", "quiet"]) {
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "12345", ContentLength: 5 }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "123", ContentLength: 3 }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "1", ContentLength: 1 }));
    await (await s3.send(new GetObjectCommand({ Bucket, Key: "a" }))).Body?.transformToString();
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: "none" }))).rejects.toThrow();
    await s3.send(new ListObjectsV2Command({ Bucket }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "b" }));
    expect(storedBytes(Bucket)).toMatchObject({ value: 3, dimensions: { StorageType: "StandardStorage" } });
  }
  const kinds = ["PutRequests", "GetRequests", "ListRequests", "DeleteRequests", "AllRequests"];
  expect(kinds.map((kind) => count("counted", kind))).toEqual([3, 2, 1, 1, 7]);
  expect(kinds.map((kind) => count("quiet", kind))).toEqual([0, 0, 0, 0, 0]);
});

test("metrics of a part of a bucket are refused by name", async () => {
  const MetricsConfigurations = [{ Id: "some", Prefix: "a/" }];
  await expect(
    endpoint.create("AWS::S3::Bucket", "Part", { BucketName: "part", MetricsConfigurations }),
  ).rejects.toThrow("Prefix");
});
