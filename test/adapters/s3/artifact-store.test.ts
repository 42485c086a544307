import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { type ArtifactReader, artifactReaderOn } from "../../../adapters/s3/artifacts.ts";
import type { ReadableBucket } from "../../../adapters/s3/bucket.ts";
import { signedBucket } from "../../../adapters/s3/signed-bucket.ts";
import { sha256Hex } from "../../../core/models/digest.ts";
import { blobKey, type Manifest, manifestKey } from "../../../core/models/manifest.ts";
import { BUCKET, type ServingWorld, startServingWorld } from "../serving-world.ts";

let world: ServingWorld;
beforeAll(async () => {
  world = await startServingWorld();
});
afterAll(() => world.stop());

const fileOf = (content: Uint8Array, path = "model.onnx") => ({
  path,
  bytes: content.length,
  sha256: sha256Hex(content),
});

const MANIFEST: Manifest = {
  schema: "farthing.manifest/1",
  card: {
    schema: "farthing.card/1",
    name: "digits",
    description: "digits",
    task: "tensor",
    license: "MIT",
    artifacts: { model: "model.onnx" },
    placement: { kind: "function", group: "small" },
    price: {},
  },
  signature: { inputs: [], outputs: [] },
  files: [],
};

/** Larger than three parts, with bytes that differ from part to part. */
const LARGE = Buffer.alloc(26 * 1024 * 1024 + 17);
for (let at = 0; at < LARGE.length; at += 4096) LARGE.writeUInt32LE(at, Math.min(at, LARGE.length - 4));

const overwrite = (Key: string, Body: Uint8Array | string) =>
  world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

/** The CLI reads through the SDK, functions through signed requests of their own: both must see the same. */
describe.each(["sdk", "signed"])("reading through %s", (kind) => {
  let reader: ArtifactReader;
  beforeAll(() => {
    reader =
      kind === "sdk"
        ? world.artifacts
        : artifactReaderOn(signedBucket(clientFromEnvironment("s3", world.variables), BUCKET));
  });

  test.each([
    ["an empty file", new Uint8Array(0)],
    ["a small file", Buffer.from(`content for ${kind}`)],
    ["a file of many parts", LARGE],
  ])("%s comes back byte by byte", async (_, content) => {
    const file = fileOf(content);
    await world.artifacts.writeBlob(file.sha256, content);
    expect(Buffer.compare(await whole(reader.readBlob(file)), content)).toBe(0);
  });

  test("a manifest is found by the digest that it was written under", async () => {
    const digest = await world.artifacts.writeManifest("digits", MANIFEST);
    expect(await reader.readManifest("digits", digest)).toEqual(MANIFEST);
  });

  test.each([
    ["absent", undefined, "is absent"],
    ["truncated", 10, "should have 30 bytes and has 10"],
    ["longer", 40, "should have 30 bytes and has 40"],
    ["changed", 30, "should have the SHA-256"],
  ])("a blob that is %s is told apart, with path, expected and received", async (_, length, message) => {
    const content = Buffer.from(kind.padEnd(30, "."));
    const file = fileOf(content, "weights/model.onnx");
    if (length === undefined)
      await world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: blobKey(file.sha256) }));
    else await overwrite(blobKey(file.sha256), Buffer.alloc(length, 1));
    await expect(whole(reader.readBlob(file))).rejects.toMatchObject({
      code: "model_not_ready",
      message: expect.stringMatching(new RegExp(`weights/model.onnx.*${message}`)),
    });
  });

  test("where S3 refuses, its own words are the cause", async () => {
    const file = { ...fileOf(LARGE), sha256: "ab".repeat(32) };
    for (const bytes of [10, LARGE.length]) {
      const refused = await whole(reader.readBlob({ ...file, bytes })).catch((error: Error) => error);
      expect(refused).toMatchObject({ code: "model_not_ready", cause: expect.any(Error) });
      expect(String((refused as Error).cause)).toMatch(
        kind === "sdk" ? /NoSuchKey|AccessDenied/ : /AccessDenied.*403|NoSuchKey.*404/,
      );
    }
  });

  test("a large blob that was cut within a later part is told apart too", async () => {
    const file = { ...fileOf(LARGE), sha256: "cd".repeat(32) };
    await overwrite(blobKey(file.sha256), LARGE.subarray(0, 9 * 1024 * 1024));
    await expect(whole(reader.readBlob(file))).rejects.toThrow(`${file.bytes} bytes and has ${9 * 1024 * 1024}`);
  });

  test("a manifest that is absent, no JSON, or another one, is not used", async () => {
    const digest = "ef".repeat(32);
    await expect(reader.readManifest("digits", digest)).rejects.toMatchObject({
      code: "model_not_ready",
      message: expect.stringContaining(`manifests/digits/${digest}.json is absent`),
    });
    await overwrite(manifestKey("digits", digest), "{oops");
    await expect(reader.readManifest("digits", digest)).rejects.toThrow("is not JSON");
    await overwrite(manifestKey("digits", digest), JSON.stringify(MANIFEST));
    await expect(reader.readManifest("digits", digest)).rejects.toThrow("has the digest");
    await world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: manifestKey("digits", digest) }));
  });
});

test("a blob that is there is left alone, and one whose bytes do not fit its name is refused by S3 itself", async () => {
  const content = Buffer.from("written once");
  const { sha256 } = fileOf(content);
  expect(await world.artifacts.hasBlob(sha256)).toBe(false);
  await world.artifacts.writeBlob(sha256, content);
  await world.artifacts.writeBlob(sha256, content);
  expect(await world.artifacts.hasBlob(sha256)).toBe(true);
  const wrong = world.artifacts.writeBlob("12".repeat(32), content);
  await expect(wrong).rejects.toMatchObject({ code: "dependency_unavailable", cause: { name: "BadDigest" } });
});

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(parts));
}

test("parts are read several at once, and no more than that", async () => {
  let open = 0;
  let most = 0;
  const bucket: ReadableBucket = {
    async get(_key, range) {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return [LARGE.subarray(range?.first, range && range.last + 1)];
    },
  };
  const bytes = await whole(artifactReaderOn(bucket).readBlob(fileOf(LARGE)));
  expect(Buffer.compare(bytes, LARGE)).toBe(0);
  expect(most).toBe(4);
});

test("whoever stops at a part that is not what it should be asks for no further ones", async () => {
  const asked: number[] = [];
  const bucket: ReadableBucket = {
    async get(_key, range) {
      asked.push(range?.first ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      return { cause: "absent" };
    },
  };
  await expect(whole(artifactReaderOn(bucket).readBlob({ ...fileOf(LARGE), bytes: 2 ** 30 }))).rejects.toThrow(
    "absent",
  );
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toHaveLength(before);
  expect(before).toBeLessThanOrEqual(8);
});

test("a slow part does not hold up the ones behind it, as far as there is room for them", async () => {
  const slow = Promise.withResolvers<void>();
  const asked: number[] = [];
  const bucket: ReadableBucket = {
    async get(_key, range) {
      asked.push(range?.first ?? 0);
      if (range?.first === 0) await slow.promise;
      return [new Uint8Array((range?.last ?? 0) - (range?.first ?? 0) + 1)];
    },
  };
  const reading = whole(artifactReaderOn(bucket).readBlob({ ...fileOf(LARGE), bytes: 80 * 2 ** 20 }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toHaveLength(6);
  slow.resolve();
  await expect(reading).rejects.toThrow("should have the SHA-256");
  expect(asked).toHaveLength(10);
});

test("a role that may not read is told what it may not read", async () => {
  const denied = await startServingWorld([]);
  const reader = artifactReaderOn(signedBucket(clientFromEnvironment("s3", denied.variables), BUCKET));
  await expect(whole(reader.readBlob(fileOf(Buffer.from("x"))))).rejects.toThrow(
    "model.onnx is absent, or this deployment may not read it",
  );
  await denied.stop();
});
