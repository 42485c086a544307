/**
 * What API Gateway allows for REST APIs, each with the page that says so.
 * Quotas: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 */

export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Request line and header values together. */
export const MAX_HEADER_BYTES = 10_240;
/** Default integration timeout; a template may say otherwise, for streamed answers up to 15 minutes. */
export const DEFAULT_INTEGRATION_TIMEOUT_MILLIS = 29_000;
export const INTEGRATION_TIMEOUT_MILLIS = { min: 50, max: 900_000 } as const;
/** Streamed answers. https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html */
export const IDLE_TIMEOUT_MILLIS = { REGIONAL: 300_000, PRIVATE: 300_000, EDGE: 30_000 } as const;
/** https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html */
export const MAX_PRELUDE_BYTES = 16 * 1024;
/** Lambda's own limit for the event, after base64. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024;
export const MAX_STAGE_NAME_LENGTH = 128;
