const PROTECTED = {
  requestId: Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  traceId: Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  tenantId: Symbol.for("_AWS_LAMBDA_TENANT_ID"),
};

/**
 * `awslambda.InvokeStore`, where libraries (the AWS SDK, Powertools) look for the id and the trace of the running request.
 * https://github.com/awslabs/aws-lambda-invoke-store
 */
export function createInvokeStore() {
  let current;
  const isProtectedKey = (key) => Object.values(PROTECTED).includes(key);
  const store = {
    isProtectedKey,
    getContext: () => current,
    hasContext: () => current !== undefined,
    get: (key) => current?.[key],
    set(key, value) {
      if (isProtectedKey(key)) throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
      current ??= {};
      current[key] = value;
    },
    run(context, action) {
      current = context;
      return action();
    },
    getRequestId: () => current?.[PROTECTED.requestId] ?? "-",
    getXRayTraceId: () => current?.[PROTECTED.traceId],
    getTenantId: () => current?.[PROTECTED.tenantId],
    runInvocation: (context, action) =>
      store.run(
        {
          [PROTECTED.requestId]: context.awsRequestId,
          [PROTECTED.traceId]: context.xRayTraceId,
          [PROTECTED.tenantId]: context.tenantId,
        },
        action,
      ),
  };
  return store;
}
