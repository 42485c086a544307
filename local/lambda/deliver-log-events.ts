import { isServiceError } from "../endpoint/service-error.ts";
import type { DeliveryOutcome } from "../logs/subscription-filters.ts";
import type { FunctionInvoker } from "../simulator.ts";
import type { FunctionPolicies } from "./simulator.ts";

/** What CloudWatch Logs does with a batch for a function: an invocation that its policy must allow. */
export async function deliverLogEvents(
  accountId: string,
  functions: FunctionInvoker & FunctionPolicies,
  functionArn: string,
  sourceArn: string,
  payload: Uint8Array,
): Promise<DeliveryOutcome> {
  const invocation = { principal: "logs.amazonaws.com", sourceArn, sourceAccount: accountId };
  if (!functions.allowsInvocation(functionArn, invocation)) return "refused";
  try {
    const result = await functions.invoke({ functionArn, payload, responseMode: "buffered" });
    for await (const _ of result.body);
    return result.functionError === undefined ? "done" : "failed";
  } catch (error) {
    return isServiceError(error) && error.status === 429 ? "throttled" : "failed";
  }
}
