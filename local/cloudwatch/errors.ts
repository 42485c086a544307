import { ServiceError } from "../endpoint/service-error.ts";

/**
 * CloudWatch spoke the query protocol before JSON: its errors carry the old code in a header, which is the name that
 * SDKs give them. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
 */
export const queryErrorHeader = (code: string) => ({ "x-amzn-query-error": `${code};Sender` });

export const invalidValue = (message: string) =>
  new ServiceError(400, "InvalidParameterValueException", message, {
    headers: queryErrorHeader("InvalidParameterValue"),
  });

export const validationError = (message: string) =>
  new ServiceError(400, "ValidationError", message, { headers: queryErrorHeader("ValidationError") });

export const invalidCombination = (message: string) =>
  new ServiceError(400, "InvalidParameterCombinationException", message, {
    headers: queryErrorHeader("InvalidParameterCombination"),
  });
