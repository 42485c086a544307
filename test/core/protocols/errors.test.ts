import { ERRORS, type ErrorCode, FarthingError } from "../../../core/errors.ts";
import { openInference } from "../../../core/protocols/open-inference/open-inference.ts";
import { openai } from "../../../core/protocols/openai/openai.ts";
import { bodyText } from "./fixture-model.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];

const OPENAI_FORM: Partial<Record<ErrorCode, { readonly type: string; readonly code: string }>> = {
  invalid_field: { type: "invalid_request_error", code: "invalid_field" },
  unsupported_task: { type: "invalid_request_error", code: "unsupported_task" },
  missing_key: { type: "authentication_error", code: "invalid_api_key" },
  invalid_key: { type: "authentication_error", code: "invalid_api_key" },
  not_allowed: { type: "permission_error", code: "not_allowed" },
  unknown_model: { type: "invalid_request_error", code: "model_not_found" },
  payload_too_large: { type: "invalid_request_error", code: "payload_too_large" },
  overloaded: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  rate_limited: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  budget_exceeded: { type: "insufficient_quota", code: "insufficient_quota" },
  internal: { type: "server_error", code: "internal" },
  model_not_ready: { type: "server_error", code: "model_not_ready" },
  deadline_exceeded: { type: "server_error", code: "deadline_exceeded" },
};

test.each(CODES)("%s keeps its status and message in both protocols", (code) => {
  const error = new FarthingError(code, "What happened.", { field: "inputs[0]" });
  const oip = openInference.encodeError(error, "r");
  expect(oip.status).toBe(ERRORS[code].status);
  expect(JSON.parse(bodyText(oip))).toEqual({ error: "What happened." });

  const response = openai.encodeError(error, "r");
  expect(response.status).toBe(ERRORS[code].status);
  expect(JSON.parse(bodyText(response))).toEqual({
    error: {
      message: "What happened.",
      param: "inputs[0]",
      type: expect.stringMatching(/_error$|^insufficient_quota$/),
      code: expect.any(String),
      ...OPENAI_FORM[code],
    },
  });
});

test.each([openai, openInference])("$name: no field, no param; when to come back; which challenge", (protocol) => {
  const bare = protocol.encodeError(new FarthingError("internal", "x"), "r");
  expect(bare.headers).toEqual({ "content-type": "application/json" });

  const busy = new FarthingError("overloaded", "x", { retryAfterSeconds: 1.2 });
  expect(protocol.encodeError(busy, "r").headers["retry-after"]).toBe("2");

  const spent = new FarthingError("budget_exceeded", "x", { retryAfterSeconds: 3_600 });
  expect(protocol.encodeError(spent, "r").headers).toMatchObject({ "retry-after": "3600", "x-should-retry": "false" });
  expect(protocol.encodeError(busy, "r").headers["x-should-retry"]).toBeUndefined();

  const challenge = (code: ErrorCode) =>
    protocol.encodeError(new FarthingError(code, "x"), "r").headers["www-authenticate"];
  expect(challenge("missing_key")).toBe('Bearer realm="farthing"');
  expect(challenge("invalid_key")).toBe('Bearer realm="farthing", error="invalid_token"');
});

test("an error without a field has a null param", () => {
  const body = bodyText(openai.encodeError(new FarthingError("internal", "x"), "r"));
  expect(JSON.parse(body).error.param).toBeNull();
});
