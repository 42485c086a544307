/**
 * The contract of every simulator: one folder per AWS service, one row in simulators.ts. A simulator brings resources to
 * life from the synthesised template, and may answer that service's API at the local AWS endpoint.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Policy } from "./iam/policy-document.ts";

/** A resource of a template with every intrinsic function resolved to plain values. */
export interface ResolvedResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` of the resource answer from now on. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface ResourceBehaviour {
  /**
   * Properties that this simulator acts on, or that make no difference here for a reason (`ignored`). Any other
   * property that a template sets is listed when the platform starts: nothing is skipped in silence.
   */
  readonly honoured: readonly string[];
  /** Property → why it makes no difference on one machine. */
  readonly ignored?: Readonly<Record<string, string>>;
  /** Called in dependency order. Throws an Error that names the property when a value is not one AWS would take. */
  create(resource: ResolvedResource): Promise<CreatedResource>;
}

export interface Simulator {
  /** Resource type → behaviour. */
  readonly resources: Readonly<Record<string, ResourceBehaviour>>;
  /** The service's API, when it has one here. */
  readonly service?: AwsService;
  /** After all resources exist. */
  start?(): Promise<void>;
  /** Leaves no process, socket or timer behind. */
  stop?(): Promise<void>;
}

/** Who signed a request. `operator`: the person at the machine, who may do everything, as an administrator of the account. */
export type Caller =
  | { readonly type: "operator" }
  | {
      readonly type: "role";
      readonly roleArn: string;
      readonly sessionName: string;
      readonly function?: CallingFunction;
    };

/** Whose code has the credentials. */
export interface CallingFunction {
  /** Without qualifier. */
  readonly arn: string;
  /** Undefined: its calls go out by Lambda's own network, which reaches everything public. */
  readonly network?: NetworkPlace | undefined;
}

/** Where in a VPC a function's calls go out. */
export interface NetworkPlace {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** How a call gets from a place in a VPC to an API of AWS, or to a cache. */
export type NetworkPath =
  | { readonly type: "open" }
  /** By an endpoint, whose policy must allow the call too. */
  | { readonly type: "endpoint"; readonly policy: Policy }
  /** It gets no answer, not even a refusal. */
  | { readonly type: "none"; readonly why: string };

/** Implemented by ec2/; asked by the endpoint, and by caches. */
export interface Network {
  /** `service`: as endpoints are named, `s3` or `sagemaker.runtime`. */
  pathToService(from: NetworkPlace, service: string): NetworkPath;
  /** `to`: where the cache is; undefined: at a public address. `from` undefined: Lambda's own network. */
  pathToCache(from: NetworkPlace | undefined, to: NetworkPlace | undefined): NetworkPath;
}

/** One permission that an API call needs; all of a call's must be allowed. */
export interface RequiredPermission {
  /** `s3:GetObject` */
  readonly action: string;
  readonly resourceArn: string;
  /** Condition keys with their values in this request: `{ "dynamodb:LeadingKeys": ["…"] }`. */
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

/** A request at the local AWS endpoint, its caller known. A body that had to be read to authorise it is in `body`. */
export interface AwsRequest {
  readonly message: IncomingMessage;
  readonly url: URL;
  readonly caller: Caller;
  /** Present for JSON services; undefined for S3, whose bodies stream. */
  readonly body?: Buffer;
}

export interface AwsService {
  /** Service name in the SigV4 credential scope: `s3`, `dynamodb`, `lambda`, `logs`, `monitoring`, `cloudformation`. */
  readonly signingName: string;
  /** Whether the endpoint reads the whole body (≤ 16 MiB) before it asks for permissions. */
  readonly buffersBody: boolean;
  permissions(request: AwsRequest): readonly RequiredPermission[];
  handle(request: AwsRequest, response: ServerResponse): Promise<void>;
  /** Writes AccessDenied in this service's own error form. */
  deny(request: AwsRequest, response: ServerResponse, message: string): void;
}

/** What every simulator gets when it is made. */
export interface SimulatorContext {
  readonly environment: string;
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  /** What lasts between runs lives below it; each simulator uses a folder named after itself. */
  readonly stateDirectory: string;
  /** Assets by the path that the template's asset manifest gives (a directory or a zip), copied outside the repository. */
  assetDirectory(bucket: string, key: string): string;
  /** `http://127.0.0.1:<port>` of the AWS endpoint; known before any simulator starts. */
  readonly awsEndpointUrl: string;
  readonly clock: () => number;
  /** The platform speaks through this only; the CLI renders. */
  emit(event: PlatformEvent): void;
}

export type PlatformEvent =
  | { readonly type: "progress"; readonly step: string; readonly detail?: string }
  | { readonly type: "warning"; readonly message: string }
  /** A call that the caller's policies do not allow: the sentence that the caller gets, too. */
  | { readonly type: "access-denied"; readonly message: string }
  /** A call out of a VPC that leads nowhere: its caller hears nothing. */
  | { readonly type: "unreachable"; readonly message: string }
  | { readonly type: "log"; readonly logGroup: string; readonly logStream: string; readonly line: string }
  | {
      readonly type: "invocation";
      readonly functionName: string;
      readonly requestId: string;
      readonly durationMillis: number;
      readonly billedMillis: number;
      readonly initMillis?: number;
      readonly status: "success" | "error" | "timeout" | "out-of-memory";
    };

/** Implemented by iam/; asked by the endpoint and by services that act for a resource (API Gateway invoking a function). */
export interface AccessControl {
  /**
   * Credentials that stand for a role session; the access key id alone identifies them later. Throws when the role's
   * trust policy does not name the service that asks (default: `lambda.amazonaws.com`). `caller`: the function that gets them.
   */
  assumeRole(roleArn: string, sessionName: string, servicePrincipal?: string, caller?: CallingFunction): Credentials;
  callerOf(accessKeyId: string): Caller | undefined;
  /** `allowed`, or the sentence that AWS would answer. `endpointPolicy`: of the endpoint by which the call came. */
  evaluate(
    caller: Caller,
    permission: RequiredPermission,
    endpointPolicy?: Policy,
  ): { readonly allowed: true } | { readonly allowed: false; readonly message: string };
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Implemented by logs/. Lines of a function whose role may not write logs are dropped, as in the account. */
export interface LogSink {
  append(logGroup: string, logStream: string, line: string): void;
}

/** Implemented by cloudwatch/: metric data found in log lines (embedded metric format). */
export interface MetricSink {
  ingestLogLine(logGroup: string, line: string): void;
}

/** Implemented by lambda/; used by api-gateway/ and by the Lambda API. */
export interface FunctionInvoker {
  /** ARN or name, with or without qualifier. Chunks arrive as the function writes them; the consumer's pace holds it back. */
  invoke(invocation: Invocation): Promise<InvocationResult>;
}

export interface Invocation {
  readonly functionArn: string;
  readonly payload: Uint8Array;
  readonly responseMode: "buffered" | "streaming";
  /** Lambda client context and trace, passed on as they are. */
  readonly traceId?: string;
  /**
   * Aborted when the caller went away. Only a function that holds many requests at once is told; one that holds a single request
   * works on, as in Lambda.
   */
  readonly signal?: AbortSignal;
}

export interface InvocationResult {
  readonly requestId: string;
  /** `Unhandled` when the function failed; the payload then is the error document. */
  readonly functionError?: "Unhandled";
  /** Content type that the runtime set on a streamed response (`application/vnd.awslambda.http-integration-response`). */
  readonly contentType?: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Takes the body's chunks when all of them lie ready and none was read; else undefined, and the body is to be read. */
  takeWhole?(): readonly Uint8Array[] | undefined;
}
