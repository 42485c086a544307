import { writeError } from "../endpoint/error-form.ts";
import { createJsonApi } from "../endpoint/json-api.ts";
import type { AwsService } from "../simulator.ts";
import { queryErrorHeader } from "./errors.ts";
import { CLOUDWATCH_OPERATIONS, type CloudWatchFacts } from "./operations.ts";

/** CloudWatch's JSON API, as the SDK for JavaScript speaks it (older clients use the query protocol, which is refused). */
export const createCloudWatchApi = (facts: CloudWatchFacts): AwsService => ({
  ...createJsonApi({
    service: "CloudWatch",
    signingName: "monitoring",
    targetPrefix: "GraniteServiceVersion20100801",
    operations: CLOUDWATCH_OPERATIONS,
    facts,
    contentType: "application/x-amz-json-1.0",
  }),
  deny: (_request, response, message) =>
    writeError(response, "monitoring", {
      status: 403,
      code: "AccessDenied",
      message,
      headers: queryErrorHeader("AccessDenied"),
    }),
});
