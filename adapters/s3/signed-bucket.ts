import { uriEncode } from "../aws/signature.ts";
import { AwsServiceError, type SignedClient } from "../aws/signed-client.ts";
import { readPieces } from "../http/transport.ts";
import { ABSENT_STATUSES, RANGE_NOT_SATISFIABLE, type ReadableBucket } from "./bucket.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html: retry slow reads early. */
const SILENCE_TIMEOUT_MILLIS = 3_000;

/** Path style: one connection pool for every bucket, and names with dots keep working over TLS. */
export function signedBucket(client: SignedClient, bucket: string): ReadableBucket {
  return {
    async get(key, range) {
      try {
        const response = await client.send({
          method: "GET",
          path: `/${bucket}/${key.split("/").map(uriEncode).join("/")}`,
          headers: range ? { range: `bytes=${range.first}-${range.last}` } : {},
          body: "",
          silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
          retry: "always",
        });
        return await readPieces(response, range ? range.last - range.first + 1 : undefined);
      } catch (error) {
        const status = error instanceof AwsServiceError ? error.status : 0;
        if (ABSENT_STATUSES.has(status)) return { cause: error };
        if (status === RANGE_NOT_SATISFIABLE) return [];
        throw error;
      }
    },
  };
}
