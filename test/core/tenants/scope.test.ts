import * as fc from "fast-check";
import { requireScope } from "../../../core/tenants/scope.ts";
import { picodollarsOf, usdText } from "../../../core/tenants/usd-amount.ts";

const allowed = (...args: Parameters<typeof requireScope>): boolean => {
  try {
    requireScope(...args);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "not_allowed", status: 403 });
    return false;
  }
};

test.each<[Parameters<typeof requireScope>[0], string, string | undefined, boolean]>([
  [{}, "/v1/embeddings", "sentences", true],
  [{ models: ["digits"] }, "/v1/embeddings", "sentences", false],
  [{ models: ["digits"] }, "/v2/models/{name}/infer", "digits", true],
  [{ models: ["digits"] }, "/v2/models/{name}/infer", "digits2", false],
  [{ models: ["sms-*"] }, "/v2/models/{name}/infer", "sms-spam", true],
  [{ models: ["sms-*"] }, "/v2/models/{name}/infer", "sms", false],
  [{ models: ["*"] }, "/v2/models/{name}/infer", "anything", true],
  [{ models: [] }, "/v2/models/{name}/infer", "digits", false],
  [{ models: ["digits"] }, "/v1/models", undefined, true],
  [{ routes: ["/v1/embeddings"] }, "/v1/embeddings", "sentences", true],
  [{ routes: ["/v1/embeddings"] }, "/v1/chat/completions", "sentences", false],
  [{ routes: ["/v2/*"] }, "/v2/models/{name}/infer", "digits", true],
  [{ routes: ["/v2/*"] }, "/v1/models", undefined, false],
  [{ routes: [] }, "/v1/models", undefined, false],
])("%j, %s, %s: %s", (scopes, route, model, expected) => {
  expect(allowed(scopes, { route, ...(model !== undefined && { model }) })).toBe(expected);
});

test("the refusal says what the key is for, and a long name stays short", () => {
  expect(() => requireScope({ models: ["digits", "sms-*"] }, { route: "/x", model: "y".repeat(5000) })).toThrow(
    /^This API key is not for the model "y{10,80}….*; it is for digits, sms-\*\.$/,
  );
});

test("amounts are exact both ways", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }), (picodollars) => {
      expect(picodollarsOf(usdText(picodollars))).toBe(picodollars);
    }),
  );
  expect(usdText(12_500_000_000_000n)).toBe("12.5");
  expect(["", "1e3", "-1", "1.", ".5", "1,5", "0x10", "1.0000000000001", " 1"].map(picodollarsOf)).toEqual(
    Array(9).fill(undefined),
  );
});
