/**
 * What SageMaker hosting allows, each with the page that says so.
 * API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html
 */

/** Inline input of InvokeEndpointAsync. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html */
export const MAX_ASYNC_BODY_BYTES = 128_000;
/** Input and output of an asynchronous invocation through S3. https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html */
export const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024 * 1024;
/** Same page: at most an hour; 15 minutes unless the request says otherwise. */
export const ASYNC_TIMEOUT_SECONDS = { min: 1, max: 3_600, default: 900 } as const;
/** How long a request may wait in the queue. Same API page; default six hours. */
export const ASYNC_TTL_SECONDS = { min: 60, max: 21_600, default: 21_600 } as const;

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html */
export const STARTUP_SECONDS = { min: 60, max: 3_600 } as const;
/** "within 8 minutes" until a container must answer its first ping: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html */
export const DEFAULT_STARTUP_SECONDS = 480;
/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InstancePool.html */
export const MAX_INSTANCE_POOLS = 5;
/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html */
export const MAX_ENVIRONMENT_ENTRIES = 100;
/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PrefixAwareRoutingConfig.html: the ranges; no defaults are documented. */
export const PREFIX_LENGTH = { min: 1_024, max: 65_536, default: 1_024 } as const;
export const PREFIX_CONCURRENCY = { min: 1, max: 1_024, default: 32 } as const;
/** Messages of errors. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors */
export const MAX_MESSAGE_CHARACTERS = 2_048;
