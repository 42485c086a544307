import { keyValueBytesPerToken, parameters } from "../../../core/models/architecture.ts";
import { largeModel } from "../planner/large-models.ts";

/** Counts of the tensors in the published files; keys and values as vLLM's cache is usually quoted: 128 KiB for Llama 3.1 8B. */
test.each([
  ["llama-3.1-8b-instruct", 8_030_261_248, 128 * 1024],
  ["deepseek-r1-distill-qwen-7b", 7_615_616_512, 56 * 1024],
  ["deepseek-r1-distill-qwen-32b", 32_763_876_352, 256 * 1024],
  ["qwen3-embedding-0.6b", 595_776_512, 112 * 1024],
])("%s: the numbers of its config.json give its published size", (name, count, bytes) => {
  const { architecture } = largeModel(name);
  expect(parameters(architecture)).toBe(count);
  expect(keyValueBytesPerToken(architecture, 2)).toBe(bytes);
});
