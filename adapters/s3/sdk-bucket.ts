import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { ABSENT_STATUSES, type Bucket, RANGE_NOT_SATISFIABLE } from "./bucket.ts";

export function sdkBucket(client: S3Client, bucket: string): Bucket {
  return {
    async get(key, range) {
      try {
        const { Body } = await client.send(
          new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            ...(range && { Range: `bytes=${range.first}-${range.last}` }),
          }),
        );
        return Body === undefined ? [] : [await Body.transformToByteArray()];
      } catch (error) {
        const status = statusOf(error);
        if (ABSENT_STATUSES.has(status)) return { cause: error };
        if (status === RANGE_NOT_SATISFIABLE) return [];
        throw error;
      }
    },
    async has(key) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    },
    async putOnce(key, bytes, contentType, sha256) {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentType: contentType,
            ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
            IfNoneMatch: "*",
          }),
        );
      } catch (error) {
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 412 when it exists, 409 when
        // somebody else is writing it at this moment; equal names are equal bytes, so either is what we wanted.
        const status = statusOf(error);
        if (status !== 412 && status !== 409) throw error;
      }
    },
  };
}

/** 0: no answer came. */
const statusOf = (error: unknown): number =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
