/**
 * InvokeEndpointAsync: input from S3, or inline; a queue that waits for an instance, and output to S3. Everything in S3 is
 * done with the rights of the model's execution role.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
 */
import { randomUUID } from "node:crypto";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { isServiceError, ServiceError } from "../../endpoint/service-error.ts";
import { parseS3Uri, s3ClientOf } from "../container/model-data.ts";
import type { HostedEndpoint } from "../hosting/hosted-endpoint.ts";
import type { HostingServices } from "../hosting/services.ts";
import { MAX_ASYNC_PAYLOAD_BYTES } from "../limits.ts";
import { callCopy, type RuntimeServices } from "./call-copy.ts";
import type { Invocation } from "./invocation.ts";

export interface AsyncRequest {
  readonly invocation: Invocation;
  readonly input:
    | { readonly type: "inline"; readonly body: Uint8Array }
    | { readonly type: "s3"; readonly uri: string };
  readonly timeoutMillis: number;
  /** Milliseconds since the epoch after which it is given up. */
  readonly expiresMillis: number;
  readonly outputLocation: string;
  readonly failureLocation: string | undefined;
}

/** AWS keeps as many as come; a machine has to end somewhere. */
const MAX_WAITING = 10_000;
/** AWS chooses "an optimal value"; a container here shares the machine's cores. */
const DEFAULT_CONCURRENCY_PER_INSTANCE = 4;

export class AsyncQueue {
  readonly #services: HostingServices;
  readonly #runtime: RuntimeServices;
  readonly #waiting: AsyncRequest[] = [];
  readonly #running = new Map<string, number>();
  readonly #stopped = new AbortController();

  constructor(services: HostingServices, runtime: RuntimeServices) {
    this.#services = services;
    this.#runtime = runtime;
  }

  add(request: AsyncRequest): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ServiceError(503, "ServiceUnavailable", `The queue here holds ${MAX_WAITING} requests, and is full.`);
    }
    this.#waiting.push(request);
    this.pump();
  }

  waitingFor(endpoint: HostedEndpoint): number {
    return this.#waiting.filter(({ invocation }) => invocation.endpoint === endpoint).length;
  }

  /** Starts what can be started; call it now and then, for instances come and go. */
  pump(): void {
    for (const request of [...this.#waiting]) {
      const { endpoint, workload } = request.invocation;
      const running = this.#running.get(endpoint.name) ?? 0;
      const perInstance =
        endpoint.config.AsyncInferenceConfig?.ClientConfig?.MaxConcurrentInvocationsPerInstance ??
        DEFAULT_CONCURRENCY_PER_INSTANCE;
      const expired = this.#services.context.clock() >= request.expiresMillis;
      if (!expired && running >= perInstance * workload.serving.length) continue;
      this.#waiting.splice(this.#waiting.indexOf(request), 1);
      this.#running.set(endpoint.name, running + 1);
      void this.#run(request, expired).finally(() => {
        this.#running.set(endpoint.name, (this.#running.get(endpoint.name) ?? 1) - 1);
        if (!this.#stopped.signal.aborted) this.pump();
      });
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#waiting.length = 0;
  }

  /** Never rejects: whatever goes wrong is written to the failure path, or said as a warning. */
  async #run(request: AsyncRequest, expired: boolean): Promise<void> {
    try {
      if (expired) throw new Error("The request waited in the queue for longer than its RequestTTLSeconds.");
      const input = await this.#read(request);
      const limits = { timeoutMillis: request.timeoutMillis, callerGone: this.#stopped.signal };
      const answer = await callCopy(request.invocation, input, limits, this.#runtime);
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of answer.head as AsyncIterable<Buffer>) chunks.push(chunk);
        const type = answer.head.headers["content-type"];
        await this.#write(request.invocation, request.outputLocation, Buffer.concat(chunks), type);
      } finally {
        answer.finish();
      }
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      await this.#fail(request, error as Error);
    }
  }

  async #fail({ invocation, failureLocation }: AsyncRequest, error: Error): Promise<void> {
    const message = isServiceError(error) ? `${error.code}: ${error.message}` : error.message;
    const { emit } = this.#services.context;
    const where = `${invocation.endpoint.name}: an asynchronous invocation failed`;
    if (failureLocation === undefined)
      return emit({ type: "warning", message: `${where}, and no failure path is set: ${message}` });
    await this.#write(invocation, failureLocation, Buffer.from(message), "text/plain").catch((failure: Error) =>
      emit({ type: "warning", message: `${where} (${message}); writing that down failed as well: ${failure.message}` }),
    );
  }

  async #read({ input, invocation }: AsyncRequest): Promise<Uint8Array> {
    if (input.type === "inline") return input.body;
    const { bucket, key } = parseS3Uri(input.uri);
    const client = this.#s3(invocation);
    try {
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (ContentLength > MAX_ASYNC_PAYLOAD_BYTES)
        throw new Error(`${input.uri} is larger than ${MAX_ASYNC_PAYLOAD_BYTES} bytes.`);
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } finally {
      client.destroy();
    }
  }

  async #write(invocation: Invocation, location: string, body: Uint8Array, type: string | undefined): Promise<void> {
    const { bucket, key } = parseS3Uri(location);
    const client = this.#s3(invocation);
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ...(type !== undefined && { ContentType: type }),
        }),
      );
    } finally {
      client.destroy();
    }
  }

  #s3({ workload }: Invocation) {
    const { roleArn } = workload.revision;
    if (roleArn === undefined) throw new Error("The model has no ExecutionRoleArn to reach S3 with.");
    const { context, access, randomHex } = this.#services;
    const credentials = access.assumeRole(roleArn, `SageMaker-${randomHex(8)}`, "sagemaker.amazonaws.com");
    return s3ClientOf({ endpoint: context.awsEndpointUrl, region: context.region, credentials });
  }
}

/** Where an answer goes: `<path>/<extension>/<file name, or a new id>.out`. */
export function asyncLocations(
  endpoint: HostedEndpoint,
  names: { readonly fileName: string | undefined; readonly pathExtension: string | undefined },
): { readonly output: string; readonly failure: string | undefined } | undefined {
  const config = endpoint.config.AsyncInferenceConfig?.OutputConfig;
  if (config?.S3OutputPath === undefined) return undefined;
  const id = randomUUID();
  const at = (path: string, name: string) =>
    [path.replace(/\/+$/, ""), names.pathExtension?.replace(/^\/+|\/+$/g, ""), name].filter(Boolean).join("/");
  return {
    output: at(config.S3OutputPath, names.fileName ?? `${id}.out`),
    failure:
      config.S3FailurePath &&
      at(config.S3FailurePath, names.fileName ? `${names.fileName}-error.out` : `${id}-error.out`),
  };
}
