/** The answer to a request that becomes a job: 202, and where to look. https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
import { jobResponse } from "../jobs/job-document.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { appliedPreferences, type Wishes } from "../routing/wake/wishes.ts";
import type { Caller } from "../tenants/caller.ts";
import type { Jobs } from "./api-dependencies.ts";
import { DEADLINE_HEADER } from "./caller-deadline.ts";
import type { Clock } from "./clock.ts";
import type { InferenceCall } from "./inference-call.ts";

export interface JobOffer {
  readonly jobs: Jobs | undefined;
  readonly call: InferenceCall;
  readonly caller: Caller;
  readonly model: string;
  readonly wishes: Wishes;
  readonly clock: Clock;
}

/** Undefined where no jobs are taken, or this is one. */
export function takenAsJob({
  jobs,
  call,
  caller,
  model,
  wishes,
  clock,
}: JobOffer): (() => Promise<HttpResponse>) | undefined {
  const { request, context } = call;
  if (jobs === undefined || context.job !== undefined) return undefined;
  return async () => {
    const withinMillis = Number(request.headers[DEADLINE_HEADER]);
    const job = await jobs.desk.take({ request, caller, model, withinMillis: withinMillis || undefined });
    const { headers, ...response } = jobResponse(202, job, clock.epochMillis());
    const applied = appliedPreferences(wishes, true);
    return {
      ...response,
      headers: {
        ...headers,
        "x-request-id": context.requestId,
        ...(applied !== undefined && { "preference-applied": applied }),
      },
    };
  };
}
