/**
 * The inner door: the router has authenticated, chosen and decoded, and writes the usage line; only its role may call. What
 * is left is to run the model.
 */
import { asFarthingError, type FarthingError } from "../errors.ts";
import { decodeForwardEvent, type ForwardedEvent } from "../protocols/forward/event.ts";
import { eventFrames } from "../protocols/forward/generation.ts";
import { encodeForwardResponse, type ForwardedResponse } from "../protocols/forward/response.ts";
import { begun } from "./begun.ts";
import type { Clock } from "./clock.ts";
import { eventsWithin, withDeadline } from "./deadline.ts";
import type { LocalModels } from "./local-models.ts";

export interface ForwardedDependencies {
  readonly models: LocalModels;
  readonly clock: Clock;
  reportFault(error: FarthingError, requestId: string): void;
}

/** `requestId`: of this call, for faults of events that do not name theirs. */
export type AnswerForwarded = (event: unknown, requestId: string) => Promise<Uint8Array | AsyncIterable<Uint8Array>>;

export function createAnswerForwarded({ models, clock, reportFault }: ForwardedDependencies): AnswerForwarded {
  async function answer(event: ForwardedEvent): Promise<ForwardedResponse> {
    const { model, version, requestId, deadlineMillis, tenant } = event;
    const address = { model, version };
    if (event.type === "ready") {
      await withDeadline(models.ready(address), deadlineMillis, clock);
      return { type: "ready" };
    }
    const work = models.infer(address, event.request, {
      requestId,
      deadlineMillis,
      ...(tenant !== undefined && { tenant }),
    });
    return { type: "result", result: await withDeadline(work, deadlineMillis, clock) };
  }

  async function encoded(
    response: ForwardedResponse,
    { deadlineMillis, requestId }: ForwardedEvent,
  ): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    if (response.type !== "result") return encodeForwardResponse(response);
    const { result } = response;
    if (result.type !== "generation") return encodeForwardResponse({ type: "result", result });
    const events = await begun(eventsWithin(result.events, deadlineMillis, clock));
    return eventFrames(events, (error) => report(error, requestId));
  }

  function report(error: FarthingError, requestId: string): void {
    if (error.status >= 500) reportFault(error, requestId);
  }

  return async (received, requestId) => {
    try {
      const event = decodeForwardEvent(received);
      return await encoded(await answer(event), event);
    } catch (thrown) {
      const error = asFarthingError(thrown);
      report(error, requestId);
      return encodeForwardResponse({ type: "error", error });
    }
  };
}
