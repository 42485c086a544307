/** Answers that are too large for their record in DynamoDB; the bucket ends them. */
import type { AnswerObjects } from "../../core/idempotency/once-record.ts";
import { uriEncode } from "../aws/signature.ts";
import type { SignedClient } from "../aws/signed-client.ts";
import { isAbsence } from "./bucket.ts";
import { signedBucket } from "./signed-bucket.ts";

const SILENCE_TIMEOUT_MILLIS = 5_000;

export function answerObjectsOn(client: SignedClient, bucket: string): AnswerObjects {
  const reader = signedBucket(client, bucket);
  return {
    async put(name, bytes) {
      const response = await client.send({
        method: "PUT",
        path: `/${bucket}/${name.split("/").map(uriEncode).join("/")}`,
        headers: { "content-type": "application/octet-stream" },
        body: bytes,
        silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
        retry: "always",
      });
      response.resume();
    },
    async get(name) {
      const found = await reader.get(name);
      return isAbsence(found) ? undefined : Buffer.concat(found);
    },
  };
}
