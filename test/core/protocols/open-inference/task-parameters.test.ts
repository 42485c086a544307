import { errorOf, inferenceRoute, request, versionOf } from "../fixture-model.ts";

const VERSION = versionOf({
  inputs: [{ name: "text", dataType: "BYTES", shape: [-1] }],
  outputs: [{ name: "label", dataType: "BYTES", shape: [-1] }],
});
const inputs = [{ name: "text", shape: [1], datatype: "BYTES", data: ["a"] }];
const decode = (parameters: unknown) =>
  inferenceRoute("/v2/models/{name}/infer")
    .open(request(JSON.stringify({ inputs, parameters })), { name: "m" })
    .decode(VERSION).request;

test("what a task is asked to do reaches it; what no task knows is ignored", () => {
  const parameters = {
    ...{ truncate: true, multi_label: false, hypothesis_template: "about {}", aggregation_strategy: "none" },
    ...{ binary_data_output: false, priority: 3 },
  };
  expect(decode(parameters)).toMatchObject({
    parameters: { truncate: true, multiLabel: false, hypothesisTemplate: "about {}", aggregation: "none" },
  });
  expect(decode({ priority: 3 })).not.toHaveProperty("parameters");
  expect(decode(undefined)).not.toHaveProperty("parameters");
});

test.each([
  [{ truncate: "yes" }, "parameters.truncate", 'is "yes"; it must be true or false'],
  [{ multi_label: 1 }, "parameters.multi_label", "is 1; it must be true or false"],
  [{ hypothesis_template: ["{}"] }, "parameters.hypothesis_template", "a text with {} for the label"],
  [{ aggregation_strategy: "max" }, "parameters.aggregation_strategy", 'it must be "none", "simple"'],
])("refused: %j", (parameters, field, words) => {
  const error = errorOf(() => decode(parameters));
  expect(error).toMatchObject({ code: "invalid_field", field });
  expect(error.message).toContain(words);
});
