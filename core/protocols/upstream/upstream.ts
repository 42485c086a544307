/**
 * OpenAI's API from the other side: what we send to engines that speak it (vLLM and its like on SageMaker or on own hardware,
 * llama.cpp, Ollama, Bedrock), and what their answers mean. Pure: bytes and objects; adapters do the calling.
 */

/**
 * `vllm`: takes vLLM's own parameters, and counts tokens in every chunk (`continuous_usage_stats`).
 * `openai`: gets nothing that OpenAI's description does not have.
 */
export type UpstreamDialect = "vllm" | "openai";

export interface UpstreamCall {
  /** Of the API: `/v1/chat/completions`. SageMaker's containers tell it by the body. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
}

export interface UpstreamModel {
  /** What the engine calls the model. */
  readonly name: string;
  readonly dialect: UpstreamDialect;
  /**
   * Set apart in the engine's prefix cache: who shares it can tell by the time what others asked. One salt for each tenant.
   * https://docs.vllm.ai/en/latest/design/prefix_caching/#cache-isolation-for-security
   */
  readonly cacheSalt?: string;
}
