import { type ErrorCode, FarthingError } from "../../../core/errors.ts";
import { createUsageSequence } from "../../../core/metering/usage-sequence.ts";
import { accountedOnce, newAccount, usageLineOf } from "../../../core/serving/account.ts";

const LINE = usageLineOf(newAccount(), {
  requestId: "r",
  startedAtMillis: Date.parse("2026-11-25T00:01:00Z"),
  route: "/v1/embeddings",
  deployment: "router",
  status: 200,
  requestBytes: 1,
  responseBytes: 1,
  durationMillis: 1,
  coldStart: false,
  initMillis: undefined,
});
const ACCOUNTING = { process: "batch_1", sequence: 7, atMillis: Date.parse("2026-11-24T23:59:00Z") };
const failure = (code: ErrorCode) => new FarthingError(code, "");

test("work that may be done twice has one line, whoever tells of it and when", () => {
  const line = accountedOnce(LINE, ACCOUNTING, undefined);
  expect(line).toEqual({ ...LINE, at: "2026-11-24T23:59:00.000Z", process: "batch_1", sequence: 7 });
  const number = createUsageSequence({ newName: () => "own" });
  expect(number(line)).toBe(line);
  expect(number(LINE)).toMatchObject({ process: "own", sequence: 1 });
});

test.each([
  ["a failure for good has it, too", "invalid_field", "batch_1"],
  ["a failure that another try may not have leaves it to that try", "rate_limited", undefined],
  ["so does work that was given up", "cancelled", undefined],
] as const)("%s", (_, code, process) => {
  expect(accountedOnce(LINE, ACCOUNTING, failure(code)).process).toBe(process);
});

test("other requests are numbered by their process", () => {
  expect(accountedOnce(LINE, undefined, undefined)).toBe(LINE);
});
