import { modelNameOf, parseHubModel } from "../../../adapters/hub/hub-model.ts";

test.each([
  ["hf:Xenova/all-MiniLM-L6-v2", "Xenova/all-MiniLM-L6-v2", "main", "all-minilm-l6-v2"],
  ["hf:org/model@v1.0", "org/model", "v1.0", "model"],
  ["hf:org/My_Model..v2.@refs/pr/1", "org/My_Model..v2.", "refs/pr/1", "my_model..v2"],
])("%s", (reference, id, revision, name) => {
  expect(parseHubModel(reference)).toEqual({ id, revision });
  expect(modelNameOf({ id, revision })).toBe(name);
});

test.each([
  "hf:",
  "hf:model",
  "hf:a/b/c",
  "hf:../etc",
  "hf:a/..",
  "hf:a/b@",
  "hf:a/b@../main",
  "hf:a b/c",
  "hf:https://x/y",
])("%s is no model", (reference) => {
  expect(() => parseHubModel(reference)).toThrow("it must look like hf:<organisation>/<name>[@<revision>]");
});

test("data sets and spaces are none either, and say so", () => {
  expect(() => parseHubModel("hf:datasets/org/name")).toThrow(
    "names one of the Hub's datasets; only models can be added",
  );
});
