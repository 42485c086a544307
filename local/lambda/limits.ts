/**
 * What Lambda allows, each with the page that says so.
 * Quotas: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */

/** Request of a synchronous invocation. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export const MAX_SYNCHRONOUS_PAYLOAD_BYTES = 6 * 1024 * 1024;
/** Buffered answer: the quota plus the runtime's envelope, the number that Lambda's own error message names. */
export const MAX_BUFFERED_RESPONSE_BYTES = 6_291_556;
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
export const MAX_STREAMED_RESPONSE_BYTES = 200 * 1024 * 1024;
/** Event of an asynchronous invocation. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html */
export const MAX_ASYNCHRONOUS_PAYLOAD_BYTES = 1024 * 1024;

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html */
export const TIMEOUT_SECONDS = { min: 1, max: 900, default: 3 } as const;
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const MEMORY_MEGABYTES = { min: 128, max: 10_240, default: 128 } as const;
/**
 * Functions on a capacity provider: least memory, requests that one environment holds (default, and most per vCPU under
 * Node.js). https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
export const MANAGED_INSTANCES = { minMemoryMegabytes: 2048, defaultConcurrency: 10, maxConcurrency: 1600 } as const;
/** On demand; then init is tried again inside the invocation's timeout. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib */
export const INIT_TIMEOUT_MILLIS = 10_000;
/** With provisioned concurrency, same page. */
export const PROVISIONED_INIT_TIMEOUT_MILLIS = 15 * 60 * 1000;

/** All variables together. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export const MAX_ENVIRONMENT_BYTES = 4 * 1024;
/** https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html */
export const MAX_LAYERS = 5;
/** A log event; longer lines are split. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
export const MAX_LOG_LINE_BYTES = 256 * 1024;

/** Retries of an asynchronous event. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
export const ASYNCHRONOUS_RETRIES = { default: 2, max: 2 } as const;
export const MAX_EVENT_AGE_SECONDS = { min: 60, max: 21_600, default: 21_600 } as const;
