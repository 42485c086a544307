import type { ScalableResource } from "../application-autoscaling/scalable-resource.ts";
import type { Hosting } from "./hosting/hosting.ts";

/** https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-sagemaker.html */
export function scalableDimensions(hosting: Hosting): Readonly<Record<string, ScalableResource>> {
  const variantOf = (resourceId: string) => {
    const [, endpointName = "", variantName = ""] = /^endpoint\/([^/]+)\/variant\/([^/]+)$/.exec(resourceId) ?? [];
    const workload = hosting.endpoints.get(endpointName)?.workload(variantName);
    return workload?.identity.kind === "model" ? workload : undefined;
  };
  const componentNameOf = (resourceId: string) => /^inference-component\/([^/]+)$/.exec(resourceId)?.[1] ?? "";
  return {
    "sagemaker:inference-component:DesiredCopyCount": {
      capacity: (resourceId) => hosting.components.get(componentNameOf(resourceId))?.workload.desired,
      set: (resourceId, capacity) => void hosting.scaleComponent(componentNameOf(resourceId), capacity),
      metric(resourceId, predefined) {
        const dimensions = { InferenceComponentName: componentNameOf(resourceId) };
        switch (predefined) {
          case "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution":
            return {
              namespace: "AWS/SageMaker",
              name: "ConcurrentRequestsPerCopy",
              dimensions,
              statistic: "Average",
              highResolution: true,
            };
          case "SageMakerInferenceComponentInvocationsPerCopy":
            return {
              namespace: "AWS/SageMaker",
              name: "InvocationsPerCopy",
              dimensions,
              statistic: "Sum",
              highResolution: false,
            };
          default:
            return undefined;
        }
      },
    },
    "sagemaker:variant:DesiredInstanceCount": {
      capacity: (resourceId) => variantOf(resourceId)?.desired,
      set: (resourceId, capacity) => variantOf(resourceId)?.scale(capacity),
      metric(resourceId, predefined) {
        const [, EndpointName = "", , VariantName = ""] = resourceId.split("/");
        const dimensions = { EndpointName, VariantName };
        switch (predefined) {
          case "SageMakerVariantConcurrentRequestsPerModelHighResolution":
            return {
              namespace: "AWS/SageMaker",
              name: "ConcurrentRequestsPerModel",
              dimensions,
              statistic: "Average",
              highResolution: true,
            };
          case "SageMakerVariantInvocationsPerInstance":
            return {
              namespace: "AWS/SageMaker",
              name: "InvocationsPerInstance",
              dimensions,
              statistic: "Sum",
              highResolution: false,
            };
          default:
            return undefined;
        }
      },
    },
  };
}
