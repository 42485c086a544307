import * as fc from "fast-check";
import { decodeTerms, encodeTerms, hasTerms, NO_TERMS, type Terms } from "../../../core/tenants/terms.ts";

const budget = fc.record({
  picodollars: fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }),
  enforcement: fc.constantFrom("hard" as const, "soft" as const),
});
const rate = fc.double({ min: 0.001, max: 1e9, noNaN: true });
const terms: fc.Arbitrary<Terms> = fc.record({
  budgets: fc.record({ daily: budget, monthly: budget }, { requiredKeys: [] }),
  limits: fc.record(
    { requestsPerSecond: rate, tokensPerMinute: rate, concurrency: fc.integer({ min: 1, max: 1e6 }) },
    { requiredKeys: [] },
  ),
});

test("terms come back as they were stored, to the picodollar", () => {
  fc.assert(fc.property(terms, (value) => expect(decodeTerms(encodeTerms(value))).toEqual(value)));
});

test("no terms are no terms; any one is", () => {
  expect(hasTerms(NO_TERMS)).toBe(false);
  expect(hasTerms(decodeTerms(encodeTerms(NO_TERMS)))).toBe(false);
  expect(hasTerms({ budgets: {}, limits: { concurrency: 1 } })).toBe(true);
  expect(hasTerms({ budgets: { monthly: { picodollars: 0n, enforcement: "hard" } }, limits: {} })).toBe(true);
});

/** What bounds a tenant is never ignored: a term that is not understood opens nothing. */
test.each([
  ['{"budgets":{},"limits":{},"more":1}', 'unknown field "more"'],
  ['{"budgets":{"weekly":{}},"limits":{}}', 'unknown field "weekly"'],
  ['{"budgets":{"daily":{"picodollars":5,"enforcement":"hard"}},"limits":{}}', "string of digits"],
  ['{"budgets":{"daily":{"picodollars":"-5","enforcement":"hard"}},"limits":{}}', "string of digits"],
  ['{"budgets":{"daily":{"picodollars":"5","enforcement":"firm"}},"limits":{}}', "hard or soft"],
  ['{"budgets":{},"limits":{"requestsPerSecond":0}}', "greater than 0"],
  ['{"budgets":{},"limits":{"tokensPerMinute":"10"}}', "greater than 0"],
  ['{"budgets":{},"limits":{"concurrency":1.5}}', "whole number"],
  ['{"limits":{}}', "budgets: expected an object"],
])("%s is refused", (text, message) => {
  expect(() => decodeTerms(text)).toThrow(message);
});
