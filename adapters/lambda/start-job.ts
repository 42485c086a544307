/** Work on a job begins in an invocation of its own, which nobody waits for. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html */
import { encodeRunEvent } from "../../core/jobs/job-event.ts";
import type { StartJob } from "../../core/jobs/job-store.ts";
import { uriEncode } from "../aws/signature.ts";
import type { SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../http/transport.ts";

const SILENCE_TIMEOUT_MILLIS = 5_000;

export const startJobOn =
  (client: SignedClient, functionName: string): StartJob =>
  async (job) => {
    const response = await client.send({
      method: "POST",
      path: `/2015-03-31/functions/${uriEncode(functionName)}/invocations`,
      headers: { "content-type": "application/json", "x-amz-invocation-type": "Event" },
      body: encodeRunEvent(job),
      silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
      // Started twice, it runs once.
      retry: "always",
    });
    await readBody(response);
  };
