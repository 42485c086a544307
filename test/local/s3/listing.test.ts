import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as fc from "fast-check";
import { compareKeys } from "../../../local/s3/key-order.ts";
import { decodeToken, encodeToken, type ListPosition, listPage } from "../../../local/s3/listing.ts";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { startEndpoint } from "../endpoint/running-endpoint.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "-", "ü", "\uffee", "😀"), maxLength: 6 });

test("keys are ordered by their UTF-8 bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareKeys("\uffee", "😀")).toBeLessThan(0);
});

/** The same by looking at every key. */
function listAll(keys: readonly string[], prefix: string, delimiter: string): ListPosition[] {
  const entries = new Map<string, ListPosition>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const entry: ListPosition =
      end < 0 ? { type: "key", text: key } : { type: "common-prefix", text: key.slice(0, end + delimiter.length) };
    entries.set(`${entry.type} ${entry.text}`, entry);
  }
  return [...entries.values()];
}

test("pages of any size, joined, are the whole listing", () => {
  const delimiters = fc.constantFrom("", "/", "-", "a/");
  const sizes = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(
      fc.uniqueArray(text, { maxLength: 30 }),
      text,
      delimiters,
      sizes,
      (keys, prefix, delimiter, maxKeys) => {
        const sorted = keys.sort(compareKeys);
        const entries: ListPosition[] = [];
        let after: ListPosition | undefined;
        do {
          const page = listPage(sorted, { prefix, delimiter, maxKeys, after });
          expect(page.entries.length).toBeLessThanOrEqual(maxKeys);
          entries.push(...page.entries);
          after = page.next === undefined ? undefined : decodeToken(encodeToken(page.next));
        } while (after !== undefined);
        expect(entries).toEqual(listAll(sorted, prefix, delimiter));
      },
    ),
  );
});

test("the SDK pages through a bucket", async () => {
  const endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })]);
  await endpoint.create("AWS::S3::Bucket", "B", { BucketName: "models" });
  const s3 = new S3Client(endpoint.asOperator);
  const Bucket = "models";
  for (const Key of ["blobs/1", "blobs/2", "manifests/a/1", "manifests/b/1", "readme"]) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  }
  const pages: unknown[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket,
        Delimiter: "/",
        MaxKeys: 2,
        ...(ContinuationToken ? { ContinuationToken } : {}),
      }),
    );
    pages.push([page.CommonPrefixes?.map(({ Prefix }) => Prefix), page.Contents?.map(({ Key, Size }) => [Key, Size])]);
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(pages).toEqual([
    [["blobs/", "manifests/"], undefined],
    [undefined, [["readme", 6]]],
  ]);
  const after = await s3.send(
    new ListObjectsV2Command({ Bucket, StartAfter: "blobs/2", Prefix: "manifests/", MaxKeys: 1 }),
  );
  expect(after.Contents?.map(({ Key }) => Key)).toEqual(["manifests/a/1"]);
  expect(after).toMatchObject({ IsTruncated: true, KeyCount: 1, MaxKeys: 1 });
  const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
  expect(none).toMatchObject({ IsTruncated: false, KeyCount: 0 });
  await expect(s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: "made-up" }))).rejects.toMatchObject({
    name: "InvalidArgument",
  });
  s3.destroy();
  await endpoint.stop();
});
