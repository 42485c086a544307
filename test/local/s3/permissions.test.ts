import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const Bucket = "models";
const BUCKET_ARN = "arn:aws:s3:::models";
let endpoint: RunningEndpoint;
let operator: S3Client;
const clients: S3Client[] = [];

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })]);
  await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: Bucket });
  operator = new S3Client(endpoint.asOperator);
  for (const Key of ["blobs/1", "blobs/2", "secret/1"])
    await operator.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
});
afterAll(async () => {
  for (const client of [operator, ...clients]) client.destroy();
  await endpoint.stop();
});

async function role(...statements: object[]): Promise<S3Client> {
  const client = new S3Client(await endpoint.asRole(statements));
  clients.push(client);
  return client;
}
const allow = (Action: string | string[], Resource: string, Condition?: object) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});
const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };

test("each operation asks for its own permission", async () => {
  const reader = await role(allow("s3:GetObject", `${BUCKET_ARN}/blobs/*`));
  await reader.send(new GetObjectCommand({ Bucket, Key: "blobs/1" }));
  await expect(reader.send(new GetObjectCommand({ Bucket, Key: "secret/1" }))).rejects.toMatchObject({
    ...denied,
    message: expect.stringMatching(
      /^User: arn:aws:sts::123456789012:assumed-role\/role-\d\/session is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::models\/secret\/1" because no identity-based policy allows the s3:GetObject action$/,
    ),
  });
  await expect(reader.send(new PutObjectCommand({ Bucket, Key: "blobs/3", Body: "x" }))).rejects.toMatchObject(denied);
  await expect(reader.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
  await expect(reader.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
  await expect(reader.send(new CreateMultipartUploadCommand({ Bucket, Key: "blobs/3" }))).rejects.toMatchObject(denied);
  await expect(
    reader.send(new UploadPartCommand({ Bucket, Key: "blobs/3", UploadId: "x", PartNumber: 1, Body: "x" })),
  ).rejects.toMatchObject(denied);
  await expect(reader.send(new HeadObjectCommand({ Bucket, Key: "secret/1" }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
});

test("a copy needs to read the source and to write the target", async () => {
  const copy = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/secret/1` });
  await expect((await role(allow("s3:PutObject", `${BUCKET_ARN}/*`))).send(copy)).rejects.toMatchObject(denied);
  await expect((await role(allow("s3:GetObject", `${BUCKET_ARN}/*`))).send(copy)).rejects.toMatchObject(denied);
  await (await role(allow(["s3:GetObject", "s3:PutObject"], `${BUCKET_ARN}/*`))).send(copy);
});

test("only who may list the bucket learns that an object is missing", async () => {
  const absent = new GetObjectCommand({ Bucket, Key: "absent" });
  await expect((await role(allow("s3:GetObject", `${BUCKET_ARN}/*`))).send(absent)).rejects.toMatchObject({
    ...denied,
    message: expect.stringContaining("s3:ListBucket"),
  });
  const lister = await role(allow("s3:GetObject", `${BUCKET_ARN}/*`), allow("s3:ListBucket", BUCKET_ARN));
  await expect(lister.send(absent)).rejects.toMatchObject({ name: "NoSuchKey" });
});

test("a listing can be bound to a prefix", async () => {
  const lister = await role(allow("s3:ListBucket", BUCKET_ARN, { StringLike: { "s3:prefix": ["blobs/*"] } }));
  const { Contents } = await lister.send(new ListObjectsV2Command({ Bucket, Prefix: "blobs/" }));
  expect(Contents).toHaveLength(2);
  await expect(lister.send(new ListObjectsV2Command({ Bucket, Prefix: "secret/" }))).rejects.toMatchObject(denied);
  await expect(lister.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
});

test("of many deletions, each is allowed or denied by itself", async () => {
  const cleaner = await role(allow("s3:DeleteObject", `${BUCKET_ARN}/blobs/*`));
  const answer = await cleaner.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "blobs/2" }, { Key: "secret/1" }] } }),
  );
  expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(["blobs/2"]);
  expect(answer.Errors).toEqual([
    { Key: "secret/1", Code: "AccessDenied", Message: expect.stringContaining("s3:DeleteObject") },
  ]);
});

describe("a bucket policy", () => {
  test("that denies plain HTTP denies nothing here", async () => {
    await endpoint.create("AWS::S3::BucketPolicy", "Policy", {
      Bucket,
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Deny",
            Principal: { AWS: "*" },
            Action: "s3:*",
            Resource: [BUCKET_ARN, `${BUCKET_ARN}/*`],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
      },
    });
    const reader = await role(allow("s3:GetObject", `${BUCKET_ARN}/*`));
    await reader.send(new GetObjectCommand({ Bucket, Key: "blobs/1" }));
  });

  test("can deny what the role's own policy allows, and allow what it does not", async () => {
    const everything = await role(allow("s3:*", "*"));
    const nothing = await role();
    await endpoint.create("AWS::S3::BucketPolicy", "Policy", {
      Bucket,
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Deny", Principal: "*", Action: "s3:GetObject", Resource: `${BUCKET_ARN}/secret/*` },
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::123456789012:root" },
            Action: "s3:GetObject",
            Resource: `${BUCKET_ARN}/blobs/*`,
          },
        ],
      },
    });
    await expect(everything.send(new GetObjectCommand({ Bucket, Key: "secret/1" }))).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining("with an explicit deny in a resource-based policy"),
    });
    await nothing.send(new GetObjectCommand({ Bucket, Key: "blobs/1" }));
    await expect(nothing.send(new PutObjectCommand({ Bucket, Key: "blobs/1", Body: "x" }))).rejects.toMatchObject(
      denied,
    );
  });
});
