import type { IncomingHttpHeaders } from "node:http";
import { validationError } from "../errors.ts";
import type { HostedEndpoint } from "../hosting/hosted-endpoint.ts";
import type { Hosting } from "../hosting/hosting.ts";
import type { Workload } from "../hosting/workload.ts";

/** What an invocation says beside its body. */
export interface Invocation {
  readonly endpoint: HostedEndpoint;
  readonly workload: Workload;
  readonly sessionId: string | undefined;
  /** What the container gets; every other header of the caller is stripped, as on AWS. */
  readonly containerHeaders: Readonly<Record<string, string>>;
}

const PREFIX = "x-amzn-sagemaker-";
/** Passed on to the container as they are. */
const PASSED_ON = ["custom-attributes", "session-id", "inference-id", "target-container-hostname", "target-model"].map(
  (name) => `${PREFIX}${name}`,
);
const SESSION_ID = /^(NEW_SESSION)$|^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/;

/** Throws ServiceError in the words of AWS for an endpoint, component or variant that cannot be meant. */
export function readInvocation(
  endpointName: string,
  headers: IncomingHttpHeaders,
  hosting: Hosting,
  accountId: string,
  accept: string | undefined,
): Invocation {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const endpoint = hosting.endpoints.get(endpointName);
  // One that is being created for the first time is not found either.
  if (endpoint === undefined || endpoint.status === "Creating" || endpoint.status === "Deleting") {
    throw validationError(`Endpoint ${endpointName} of account ${accountId} not found.`);
  }
  const workload = chooseWorkload(endpoint, header(`${PREFIX}inference-component`), header(`${PREFIX}target-variant`));
  const sessionId = header(`${PREFIX}session-id`);
  if (sessionId !== undefined && (!SESSION_ID.test(sessionId) || sessionId.length > 256)) {
    throw validationError(
      `Session id "${sessionId.slice(0, 64)}" is neither NEW_SESSION nor letters, digits and hyphens.`,
    );
  }
  const passed = PASSED_ON.flatMap((name) => {
    const value = header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    endpoint,
    workload,
    sessionId,
    containerHeaders: {
      "content-type": header("content-type") ?? "application/octet-stream",
      ...(accept !== undefined && { accept }),
      ...Object.fromEntries(passed),
    },
  };
}

function chooseWorkload(
  endpoint: HostedEndpoint,
  componentName: string | undefined,
  variantName: string | undefined,
): Workload {
  if (endpoint.hostsComponents) {
    if (componentName === undefined) {
      throw validationError(
        "Inference Component Name header is required for endpoints to which you plan to deploy inference components. " +
          "Please include Inference Component Name header or consider using SageMaker models.",
      );
    }
    const component = endpoint.workload(componentName);
    if (component === undefined || component.identity.kind !== "component" || component.status === "Deleting") {
      throw validationError(`Inference Component ${componentName} of endpoint ${endpoint.name} not found.`);
    }
    return component;
  }
  if (componentName !== undefined) {
    throw validationError(
      "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components. " +
        "Please remove the Inference Component Name header and try again.",
    );
  }
  const named = variantName === undefined ? weighted(endpoint) : endpoint.workload(variantName);
  if (named === undefined) {
    throw validationError(`Variant ${variantName} of endpoint ${endpoint.name} not found.`);
  }
  return named;
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/model-ab-testing.html */
function weighted(endpoint: HostedEndpoint): Workload | undefined {
  const variants = endpoint.config.ProductionVariants;
  let left = Math.random() * variants.reduce((sum, { InitialVariantWeight }) => sum + InitialVariantWeight, 0);
  const chosen = variants.find(({ InitialVariantWeight }) => (left -= InitialVariantWeight) < 0) ?? variants[0];
  return endpoint.workload(chosen?.VariantName ?? "");
}
