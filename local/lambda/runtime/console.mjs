import { format } from "node:util";
import { errorDocument } from "./errors.mjs";

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };

/**
 * Console methods write what Lambda's do, one line each to stdout, in its text or JSON form.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 * Returns how the runtime itself reports an error.
 */
export function patchConsole(invokeStore, { format: wanted, level, write }) {
  const asJson = wanted?.toUpperCase() === "JSON";
  const minimum = LEVELS[level?.toUpperCase()] ?? LEVELS.TRACE;
  const line = asJson ? jsonLine : textLine;
  for (const [method, name] of [
    ["trace", "TRACE"],
    ["debug", "DEBUG"],
    ["info", "INFO"],
    ["log", "INFO"],
    ["warn", "WARN"],
    ["error", "ERROR"],
    ["fatal", "FATAL"],
  ]) {
    console[method] =
      LEVELS[name] < minimum
        ? () => {}
        : (message, ...rest) => {
            const text = line(name, invokeStore.getRequestId(), invokeStore.getTenantId(), message, rest);
            // A line feed would begin another log event.
            write(`${text.replaceAll("\n", "\r")}\n`);
          };
  }
  const asError = (error) => (error instanceof Error ? error : new Error(String(error)));
  const { error: report } = console;
  return asJson
    ? (_what, error) => report(asError(error))
    : (what, error) => report(what, `\t${errorText(asError(error))}`);
}

function textLine(level, requestId, _tenantId, message, rest) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${format(message, ...rest)}`;
}

function jsonLine(level, requestId, tenantId, message, rest) {
  const record = { timestamp: new Date().toISOString(), level, requestId };
  if (tenantId) record.tenantId = tenantId;
  if (rest.length === 0) {
    record.message = message;
    try {
      return JSON.stringify(record, (_key, value) => (value instanceof Error ? errorFields(value) : value));
    } catch {
      record.message = format(message);
      return JSON.stringify(record);
    }
  }
  record.message = format(message, ...rest);
  const error = rest.find((value) => value instanceof Error);
  if (error !== undefined) {
    record.errorType = error.constructor?.name ?? "UnknownError";
    record.errorMessage = error.message;
    record.stackTrace = typeof error.stack === "string" ? error.stack.split("\n") : [];
  }
  return JSON.stringify(record);
}

function errorFields(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: typeof error.stack === "string" ? error.stack.split("\n") : error.stack,
    ...error,
  };
}

function errorText(error) {
  const fields = (value) =>
    value instanceof Error
      ? {
          errorType: value.name,
          errorMessage: value.message,
          code: value.code,
          ...value,
          ...(typeof value.stack === "string" ? { stack: value.stack.split("\n") } : {}),
        }
      : value;
  try {
    return JSON.stringify(error, (_key, value) => fields(value));
  } catch {
    return JSON.stringify(errorDocument(error));
  }
}
