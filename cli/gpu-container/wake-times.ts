import type { SageMakerOptions } from "../../local/sagemaker/options.ts";

/** Two thirds of a wake-up are the instance's, the rest is loading the model: about what large models show on AWS. */
export const wakeTimes = (wakeMillis: number): Pick<SageMakerOptions, "instanceLaunchMillis" | "modelLoadMillis"> => ({
  instanceLaunchMillis: Math.round((wakeMillis * 2) / 3),
  modelLoadMillis: Math.round(wakeMillis / 3),
});
