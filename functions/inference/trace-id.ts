/** What the runtime keeps for each of several requests that are served at once; types of aws-lambda do not know it. */
interface RuntimeGlobals {
  readonly awslambda?: { readonly InvokeStore?: { getXRayTraceId(): string | undefined } };
}

/** Of the request on whose behalf the caller runs. https://github.com/awslabs/aws-lambda-invoke-store */
export const traceIdOfRequest = (): string | undefined =>
  (globalThis as RuntimeGlobals).awslambda?.InvokeStore?.getXRayTraceId();
