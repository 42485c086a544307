/**
 * The image that serves a model, and the variables by which it is told what the card asks for. Both images take OpenAI's bodies
 * on `/invocations` and run vLLM: https://aws.github.io/deep-learning-containers/vllm/ and
 * https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/vllm_user_guide.html
 */
import { Aws, type Stack } from "aws-cdk-lib/core";
import { FactName } from "aws-cdk-lib/region-info";
import type { EndpointCard, Engine } from "../../../core/models/endpoint-card.ts";
import { GPU_MEMORY_UTILIZATION } from "../../../core/planner/memory-fit.ts";

interface EngineImage {
  readonly repository: string;
  readonly tag: string;
}

const IMAGES: Readonly<Record<Engine, EngineImage>> = {
  vllm: { repository: "vllm", tag: "0.27.1-gpu-py312-cu130-ubuntu22.04-sagemaker" },
  lmi: { repository: "djl-inference", tag: "0.36.0-lmi28.0.0-cu130" },
};

/** Its driver runs CUDA 13. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html */
export const INFERENCE_AMI = "al2-ami-sagemaker-inference-gpu-3-1";

/** Where SageMaker puts the files of `ModelDataSource`. */
const MODEL_DIRECTORY = "/opt/ml/model";

/** AWS publishes them from one account for most regions, from others for the rest. */
const imageAccount = (stack: Stack): string => stack.regionalFact(FactName.DLC_REPOSITORY_ACCOUNT);

export function imageUri(stack: Stack, engine: Engine): string {
  const { repository, tag } = IMAGES[engine];
  return `${imageAccount(stack)}.dkr.ecr.${Aws.REGION}.${Aws.URL_SUFFIX}/${repository}:${tag}`;
}

export const imageRepositoryArn = (stack: Stack, engine: Engine): string =>
  `arn:${Aws.PARTITION}:ecr:${Aws.REGION}:${imageAccount(stack)}:repository/${IMAGES[engine].repository}`;

/** `tensorParallel`: GPUs of one copy on the instance type that it is for. */
export function containerVariables(card: EndpointCard, tensorParallel: number): Record<string, string> {
  switch (card.serving.engine) {
    case "vllm":
      return {
        ...Object.fromEntries(
          Object.entries(vllmOptions(card, tensorParallel)).map(([key, value]) => [`SM_VLLM_${key}`, value]),
        ),
        SM_VLLM_MODEL: MODEL_DIRECTORY,
        SM_VLLM_SERVED_MODEL_NAME: card.name,
        ...OFFLINE,
      };
    case "lmi": {
      const { TENSOR_PARALLEL_SIZE, MAX_NUM_SEQS, ...options } = vllmOptions(card, tensorParallel);
      return {
        ...Object.fromEntries(Object.entries(options).map(([key, value]) => [`OPTION_${key}`, value])),
        OPTION_MODEL_ID: MODEL_DIRECTORY,
        OPTION_SERVED_MODEL_NAME: card.name,
        OPTION_TENSOR_PARALLEL_DEGREE: TENSOR_PARALLEL_SIZE ?? "1",
        OPTION_MAX_ROLLING_BATCH_SIZE: MAX_NUM_SEQS ?? "1",
        OPTION_ROLLING_BATCH: "disable",
        OPTION_ASYNC_MODE: "true",
        OPTION_ENTRYPOINT: "djl_python.lmi_vllm.vllm_async_service",
        SERVING_FAIL_FAST: "true",
        ...OFFLINE,
      };
    }
  }
}

/** The container has no network, and is not to wait for one. */
const OFFLINE = { HF_HUB_OFFLINE: "1", VLLM_NO_USAGE_STATS: "1", DO_NOT_TRACK: "1" };

const DTYPES = { bf16: "bfloat16", fp16: "float16", fp8: "auto", int4: "auto" } as const;

/** The numbers from which the memory was computed (core/planner/memory-fit.ts). https://docs.vllm.ai/en/latest/configuration/engine_args/ */
function vllmOptions({ serving, task }: EndpointCard, tensorParallel: number): Record<string, string> {
  return {
    TENSOR_PARALLEL_SIZE: String(tensorParallel),
    MAX_MODEL_LEN: String(serving.contextTokens),
    MAX_NUM_SEQS: String(serving.concurrency),
    MAX_NUM_BATCHED_TOKENS: String(serving.batchedTokens),
    GPU_MEMORY_UTILIZATION: String(GPU_MEMORY_UTILIZATION),
    DTYPE: DTYPES[serving.weightType],
    KV_CACHE_DTYPE: serving.keyValueType === "fp8" ? "fp8" : "auto",
    ...(task === "embedding" && { RUNNER: "pooling" }),
    ...(serving.reasoningParser !== undefined && { REASONING_PARSER: serving.reasoningParser }),
    ...(serving.toolCallParser !== undefined && {
      ENABLE_AUTO_TOOL_CHOICE: "true",
      TOOL_CALL_PARSER: serving.toolCallParser,
    }),
  };
}
