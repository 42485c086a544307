import { AsyncLocalStorage } from "node:async_hooks";

const PROTECTED = {
  requestId: Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  traceId: Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  tenantId: Symbol.for("_AWS_LAMBDA_TENANT_ID"),
};

/**
 * `awslambda.InvokeStore`, where libraries (the AWS SDK, Powertools) look for the id and the trace of the running request.
 * https://github.com/awslabs/aws-lambda-invoke-store
 */
export function createInvokeStore(manyRequests) {
  const scope = manyRequests ? asynchronousScope() : processScope();
  const isProtectedKey = (key) => Object.values(PROTECTED).includes(key);
  const store = {
    isProtectedKey,
    getContext: () => scope.get(),
    hasContext: () => scope.get() !== undefined,
    get: (key) => scope.get()?.[key],
    set(key, value) {
      if (isProtectedKey(key)) throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
      scope.set(key, value);
    },
    run: (context, action) => scope.run(context, action),
    getRequestId: () => scope.get()?.[PROTECTED.requestId] ?? "-",
    getXRayTraceId: () => scope.get()?.[PROTECTED.traceId],
    getTenantId: () => scope.get()?.[PROTECTED.tenantId],
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

/** One request at a time: what is current is current everywhere. */
function processScope() {
  let current;
  return {
    get: () => current,
    set(key, value) {
      current ??= {};
      current[key] = value;
    },
    run(context, action) {
      current = context;
      return action();
    },
  };
}

/** Many at once: each has what was set while it was served. */
function asynchronousScope() {
  const storage = new AsyncLocalStorage();
  return {
    get: () => storage.getStore(),
    set(key, value) {
      const context = storage.getStore();
      if (context === undefined) throw new Error("No context available");
      context[key] = value;
    },
    run: (context, action) => storage.run(context, action),
  };
}
