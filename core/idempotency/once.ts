/**
 * Requests that run once. The first one with a key runs and is recorded; whoever sends the key again gets the recorded answer, or
 * while it runs waits for it, or reads along where it is a stream. Nothing runs twice under a key: when it is not known whether
 * something ran, it did.
 */
import { asFarthingError } from "../errors.ts";
import type { HttpResponse } from "../protocols/spec/http.ts";
import { claimOnce } from "./claim-once.ts";
import type { Once, OnceCall, OnceDependencies } from "./once-call.ts";
import { repeatOnce } from "./repeat-once.ts";

export function createOnce(dependencies: OnceDependencies): Once {
  return {
    async begin(call) {
      for (;;) {
        const claimed = await claimOnce(call, dependencies);
        if (claimed.type === "run") return claimed;
        const response = await repeatOnce(call, claimed.record, dependencies);
        if (response !== "free") return { type: "repeat", response };
      }
    },
  };
}

/**
 * The same for a route that has no streams and no price: the answer of `produce`, or the one it gave before. An error of the
 * caller's that it throws has had no effect, and leaves the key free; any other is the answer for everybody.
 */
export async function once(
  call: OnceCall,
  { begin }: Once,
  produce: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const begun = await begin(call);
  if (begun.type === "repeat") return begun.response;
  const { run } = begun;
  let response: HttpResponse;
  try {
    response = await produce();
  } catch (thrown) {
    const error = asFarthingError(thrown);
    if (error.status < 500) {
      await run.release();
      throw error;
    }
    response = await call.failed(error);
  }
  return run.detach(await run.record(response));
}
