import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const Bucket = "models";
let endpoint: RunningEndpoint;
let signer: S3Client;
/** The endpoint's clock runs this far ahead of the signer's. */
let aheadMillis = 0;

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })], {
    endpointClock: () => Date.now() + aheadMillis,
  });
  await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: Bucket });
  signer = new S3Client(
    await endpoint.asRole([
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: "arn:aws:s3:::models/files/*" },
    ]),
  );
});
afterEach(() => {
  aheadMillis = 0;
});
afterAll(async () => {
  signer.destroy();
  await endpoint.stop();
});

const putUrl = (Key: string, more: object = {}) =>
  getSignedUrl(signer, new PutObjectCommand({ Bucket, Key, ...more }), { expiresIn: 60 });
const getUrl = (Key: string, more: object = {}) =>
  getSignedUrl(signer, new GetObjectCommand({ Bucket, Key, ...more }), { expiresIn: 60 });
const put = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: "PUT", body, headers });

test("anyone with the URLs can upload and download", async () => {
  const uploaded = await put(await putUrl("files/ä b/1", { Metadata: { owner: "Zoë" } }), "hello", {
    "content-type": "text/plain",
  });
  expect(uploaded.status).toBe(200);
  const url = await getUrl("files/ä b/1", { ResponseContentDisposition: 'attachment; filename="a.txt"' });
  const downloaded = await fetch(url);
  expect(await downloaded.text()).toBe("hello");
  expect(downloaded.headers.get("content-type")).toBe("text/plain");
  expect(downloaded.headers.get("content-disposition")).toBe('attachment; filename="a.txt"');
  expect(Buffer.from(downloaded.headers.get("x-amz-meta-owner") ?? "", "latin1").toString()).toBe("Zoë");
});

test("a URL ends when it says", async () => {
  const url = await putUrl("files/late");
  aheadMillis = 61_000;
  const late = await put(url, "hello");
  expect(late.status).toBe(403);
  expect(await late.text()).toContain("<Code>AccessDenied</Code><Message>Request has expired</Message>");
  aheadMillis = 0;
  expect((await put(url, "hello")).status).toBe(200);
});

test("a URL that somebody changed is refused", async () => {
  const url = await getUrl("files/late");
  const changed = [
    url.replace("files/late", "files/other"),
    url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
    `${url}&response-content-type=text%2Fhtml`,
  ];
  for (const each of changed) {
    const answer = await fetch(each);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("<Code>SignatureDoesNotMatch</Code>");
  }
  const otherMethod = await put(url, "overwritten");
  expect(await otherMethod.text()).toContain("<Code>SignatureDoesNotMatch</Code>");
});

test("headers that S3 acts on must be signed", async () => {
  const answer = await put(await putUrl("files/x"), "hello", { "x-amz-meta-owner": "mallory" });
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("which were not signed");
});

test("the signer's role decides what a URL may do", async () => {
  const answer = await fetch(await getUrl("secret/1"));
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("is not authorized to perform: s3:GetObject");
});
