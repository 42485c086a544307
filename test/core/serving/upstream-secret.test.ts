import fc from "fast-check";
import { parseUpstreamSecret, upstreamSecretName } from "../../../core/serving/upstream-secret.ts";

test("one secret for each upstream of each environment", () => {
  expect(upstreamSecretName("prod", "rack")).toBe("farthing/prod/upstreams/rack");
});

test.each([{}, { apiKey: "sk-1" }, { caPem: "PEM" }, { apiKey: "sk-1", caPem: "PEM" }])("%j is read", (secret) => {
  expect(parseUpstreamSecret(JSON.stringify(secret), "s")).toEqual(secret);
});

test("whatever else is stored is refused, and no word of it is repeated", () => {
  const wrong = fc.oneof(
    fc.string({ minLength: 12 }),
    fc.record({ apikey: fc.string() }).map((value) => JSON.stringify(value)),
    fc.record({ apiKey: fc.oneof(fc.integer(), fc.constant("")) }).map((value) => JSON.stringify(value)),
    fc.array(fc.string()).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(wrong, (text) => {
      fc.pre(!/^\s*\{\s*\}\s*$/.test(text));
      expect(() => parseUpstreamSecret(text, "the-name")).toThrow(
        'the secret the-name is not of the form {"apiKey": "…", "caPem": "…"}, each of them optional',
      );
    }),
  );
  try {
    parseUpstreamSecret('{"apiKey": sk-very-secret}', "s");
  } catch (error) {
    expect(JSON.stringify([error, (error as Error).message, (error as Error).cause])).not.toContain("very-secret");
  }
});
