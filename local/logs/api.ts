import { createJsonApi } from "../endpoint/json-api.ts";
import type { AwsService } from "../simulator.ts";
import { LOGS_OPERATIONS, type LogsFacts } from "./operations.ts";

/** CloudWatch Logs' JSON API. */
export function createLogsApi(facts: LogsFacts): AwsService {
  const api = createJsonApi({
    service: "CloudWatch Logs",
    signingName: "logs",
    targetPrefix: "Logs_20140328",
    operations: LOGS_OPERATIONS,
    facts,
  });
  return {
    ...api,
    async handle(request, response) {
      await facts.store.open();
      await facts.store.flush();
      await api.handle(request, response);
    },
  };
}
