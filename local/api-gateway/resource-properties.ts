import * as z from "zod";
import { readProperties } from "../resource-properties.ts";
import type { ResolvedResource } from "../simulator.ts";
import { GATEWAY_RESPONSE_TYPES } from "./gateway-errors.ts";
import { INTEGRATION_TIMEOUT_MILLIS, MAX_STAGE_NAME_LENGTH } from "./limits.ts";

const strings = z._default(z.record(z.string(), z.string()), {});
const boolean = z.pipe(
  z.union([z.boolean(), z.enum(["true", "false"])]),
  z.transform((value) => value === true || value === "true"),
);
const status = z.pipe(z.coerce.number(), z.int().check(z.gte(200), z.lte(599)));

const restApi = z.object({
  BinaryMediaTypes: z._default(z.array(z.string()), []),
  EndpointConfiguration: z.optional(z.object({ Types: z.optional(z.array(z.enum(["EDGE", "REGIONAL", "PRIVATE"]))) })),
  Name: z.optional(z.string()),
});

const resource = z.object({
  ParentId: z.string(),
  PathPart: z
    .string()
    .check(z.regex(/^(?:[A-Za-z0-9._$:-]+|\{[A-Za-z0-9._$:-]+\+?\})$/, "a path part is text, {name} or {name+}")),
  RestApiId: z.string(),
});

/** Strict: what else an integration can have would change what it does. */
const integration = z.strictObject({
  IntegrationHttpMethod: z.optional(z.string()),
  IntegrationResponses: z.optional(
    z.array(
      z.object({
        ResponseParameters: strings,
        ResponseTemplates: strings,
        SelectionPattern: z.optional(z.string()),
        StatusCode: status,
      }),
    ),
  ),
  /** Says what happens to bodies without a template; proxies have none, and mocks answer the same to every body. */
  PassthroughBehavior: z.optional(z.string()),
  RequestTemplates: strings,
  ResponseTransferMode: z._default(z.enum(["BUFFERED", "STREAM"]), "BUFFERED"),
  TimeoutInMillis: z.optional(
    z.pipe(
      z.coerce.number(),
      z.int().check(z.gte(INTEGRATION_TIMEOUT_MILLIS.min), z.lte(INTEGRATION_TIMEOUT_MILLIS.max)),
    ),
  ),
  Type: z.enum(["AWS_PROXY", "MOCK"], "only AWS_PROXY (a Lambda function) and MOCK integrations are simulated"),
  Uri: z.optional(z.string()),
});

const method = z.object({
  ApiKeyRequired: z._default(boolean, false),
  AuthorizationType: z._default(z.string(), "NONE"),
  HttpMethod: z.enum(["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]),
  Integration: integration,
  RequestModels: z.optional(z.record(z.string(), z.string())),
  RequestParameters: z._default(z.record(z.string(), boolean), {}),
  RequestValidatorId: z.optional(z.string()),
  ResourceId: z.string(),
  RestApiId: z.string(),
});

const validator = z.object({
  RestApiId: z.string(),
  ValidateRequestBody: z._default(boolean, false),
  ValidateRequestParameters: z._default(boolean, false),
});

const gatewayResponse = z.object({
  ResponseParameters: strings,
  ResponseTemplates: strings,
  ResponseType: z.enum(GATEWAY_RESPONSE_TYPES),
  RestApiId: z.string(),
  StatusCode: z.optional(status),
});

const deployment = z.object({ RestApiId: z.string() });

const stage = z.object({
  AccessLogSetting: z.optional(z.object({ DestinationArn: z.optional(z.string()), Format: z.optional(z.string()) })),
  DeploymentId: z.string(),
  MethodSettings: z._default(
    z.array(
      z.strictObject({
        /** Execution logs and detailed metrics are for people; the access log says what became of a request. */
        DataTraceEnabled: z.optional(boolean),
        LoggingLevel: z.optional(z.string()),
        MetricsEnabled: z.optional(boolean),
        HttpMethod: z._default(z.string(), "*"),
        ResourcePath: z._default(z.string(), "/*"),
        ThrottlingBurstLimit: z.optional(z.coerce.number().check(z.gte(0))),
        ThrottlingRateLimit: z.optional(z.coerce.number().check(z.gte(0))),
      }),
    ),
    [],
  ),
  RestApiId: z.string(),
  StageName: z.string().check(z.regex(/^[A-Za-z0-9_-]+$/), z.maxLength(MAX_STAGE_NAME_LENGTH)),
  Variables: strings,
});

export type MethodProperties = z.infer<typeof method>;
export type StageProperties = z.infer<typeof stage>;

export const readRestApi = (from: ResolvedResource) => readProperties(from, restApi);
export const readResource = (from: ResolvedResource) => readProperties(from, resource);
export const readMethod = (from: ResolvedResource) => readProperties(from, method);
export const readValidator = (from: ResolvedResource) => readProperties(from, validator);
export const readGatewayResponse = (from: ResolvedResource) => readProperties(from, gatewayResponse);
export const readDeployment = (from: ResolvedResource) => readProperties(from, deployment);
export const readStage = (from: ResolvedResource) => readProperties(from, stage);
