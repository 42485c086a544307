/** The three request forms of this benchmark. Each server is asked in its natural one. */
import type { Sample } from "./workload.ts";

export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_CONTENT = { "content-type": "application/json" };

/** `{"input": …}` to `{"output": […]}`: what one writes for a server that leaves the form to its user. */
export const plainJson = {
  call: (path: string, input: unknown): Call => ({ path, headers: JSON_CONTENT, body: JSON.stringify({ input }) }),
  answer: (body: string): readonly number[] => (JSON.parse(body) as { output: number[] }).output,
};

/** Open Inference Protocol v2, JSON tensors: https://github.com/open-inference/open-inference-protocol */
export const openInference = {
  /** `output`: the one that is asked for; all of them by default. */
  call(
    model: string,
    inputName: string,
    sample: Sample,
    headers: Readonly<Record<string, string>> = {},
    output?: string,
  ): Call {
    const tensor =
      typeof sample === "string"
        ? { name: inputName, shape: [1], datatype: "BYTES", data: [sample] }
        : { name: inputName, shape: [1, 1, 28, 28], datatype: "FP32", data: sample };
    return {
      path: `/v2/models/${model}/infer`,
      headers: { ...JSON_CONTENT, ...headers },
      body: JSON.stringify({ inputs: [tensor], ...(output !== undefined && { outputs: [{ name: output }] }) }),
    };
  },
  answer: (body: string): readonly number[] => (JSON.parse(body) as { outputs: [{ data: number[] }] }).outputs[0].data,
};

/** OpenAI embeddings, numbers as JSON (as every peer answers them; base64 would be a shorter body). */
export const openAiEmbeddings = {
  call: (model: string, input: string, headers: Readonly<Record<string, string>> = {}): Call => ({
    path: "/v1/embeddings",
    headers: { ...JSON_CONTENT, ...headers },
    body: JSON.stringify({ model, input, encoding_format: "float" }),
  }),
  answer: (body: string): readonly number[] =>
    (JSON.parse(body) as { data: [{ embedding: number[] }] }).data[0].embedding,
};
