import { MAX_VARIABLE_BYTES, requireRoomFor } from "../../infra/constructs/serving-function/variable-room.ts";
import { MAX_ENVIRONMENT_BYTES } from "../../local/lambda/limits.ts";
import { assembly, resources } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

const imported = { "Fn::ImportValue": "somewhere" };

test("what fits is counted as it is sent, to the byte", () => {
  expect(MAX_VARIABLE_BYTES).toBe(MAX_ENVIRONMENT_BYTES);
  const variables = (length: number) => ({ A: 'quoted "é"', B: "x".repeat(length) });
  const free = MAX_VARIABLE_BYTES - Buffer.byteLength(JSON.stringify(variables(0)));
  expect(() => requireRoomFor(variables(free), "it")).not.toThrow();
  expect(() => requireRoomFor(variables(free + 1), "it")).toThrow(/would take 4097 bytes; Lambda allows 4096/);
});

test("the sum is shown, the large ones first, and what to do about them", () => {
  const variables = {
    FARTHING_UPSTREAMS: "u".repeat(1_000),
    FARTHING_ENDPOINTS: "e".repeat(3_000),
    FARTHING_MODEL_BUCKET: imported,
    FARTHING_CACHE: { "Fn::Join": ["", ['{"host":"', imported, '"}']] },
    FARTHING_ENVIRONMENT: "prod",
  };
  const said = () => requireRoomFor(variables, 'the function "router"');
  expect(said).toThrow(/variables of the function "router" would take \d+ bytes/);
  expect(said).toThrow(/\n {3}3024 FARTHING_ENDPOINTS\n {3}1024 FARTHING_UPSTREAMS\n +\d+ the other 3\n/);
  expect(said).toThrow(
    /Remove \d+ bytes: give this environment fewer models on endpoints, .*; or give it fewer upstreams/,
  );
});

test.each(VARIANTS.map(({ name }) => name))(
  "in %s every function has room, with what only a deployment knows",
  (variant) => {
    for (const { Properties } of resources(assembly(variant), "AWS::Lambda::Function")) {
      const { Variables = {} } = (Properties?.Environment ?? {}) as { readonly Variables?: Record<string, unknown> };
      expect(() => requireRoomFor(Variables, String(Properties?.FunctionName))).not.toThrow();
    }
  },
);
