import { ServiceError } from "../endpoint/service-error.ts";

/** S3's error codes with their status. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList */
const STATUS = {
  AccessDenied: 403,
  BadDigest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof STATUS;

export function s3Error(
  code: S3ErrorCode,
  message: string,
  more: { readonly details?: Record<string, string>; readonly headers?: Record<string, string> } = {},
): ServiceError {
  return new ServiceError(STATUS[code], code, message, more);
}

export const noSuchKey = (key: string) =>
  s3Error("NoSuchKey", "The specified key does not exist.", { details: { Key: key } });

export const preconditionFailed = (condition: string) =>
  s3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    details: { Condition: condition },
  });

export const notImplemented = (what: string) =>
  s3Error("NotImplemented", `${what} is not simulated here; local/s3/README.md lists what is.`);
