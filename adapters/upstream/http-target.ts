/**
 * A server that speaks OpenAI's API: vLLM on own hardware (MI300, Gaudi, any GPU), llama.cpp, Ollama, Bedrock's OpenAI
 * endpoint. Always asked for a stream, whatever the caller wants: so a long answer is never taken for a silent server, and
 * what was made is known when it breaks.
 */
import type { IncomingMessage } from "node:http";
import { FarthingError, isFarthingError } from "../../core/errors.ts";
import type { ModelRecord } from "../../core/models/registry.ts";
import type { GenerationEvent, GenerationInference } from "../../core/protocols/spec/generation.ts";
import type { InferenceRequest, InferenceResult } from "../../core/protocols/spec/inference.ts";
import { embeddingsCall, embeddingsResult } from "../../core/protocols/upstream/embeddings-call.ts";
import { generationCall } from "../../core/protocols/upstream/generation-call.ts";
import { generationEvents, wholeGeneration } from "../../core/protocols/upstream/generation-events.ts";
import type { UpstreamCall, UpstreamDialect } from "../../core/protocols/upstream/upstream.ts";
import { upstreamError } from "../../core/protocols/upstream/upstream-error.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { InferenceContext, Target } from "../../core/serving/target.ts";
import { NoAnswer, readBody, type Transport } from "../http/transport.ts";
import { requireHealthy } from "./health.ts";
import { drain, responseParts } from "./response-parts.ts";

export interface HttpTargetOptions {
  /** Of this upstream in the environment's configuration. */
  readonly name: string;
  /** Up to and with `/v1`: `https://rack.example.com/v1`. */
  readonly url: string;
  readonly dialect: UpstreamDialect;
  readonly onPremises: boolean;
  /** More than one server answers behind the URL. */
  readonly hasCopies: boolean;
  /** Below `url`. Default `/models`. */
  readonly healthPath?: string;
  /** What the server calls the model. */
  modelNameOf(model: ModelRecord): string;
  /** Undefined: the server takes no key. */
  apiKey(): Promise<string | undefined> | string | undefined;
  /** The server did not take the key. */
  keyRefused?(): void;
  /** Sets tenants apart in the engine's prefix cache. */
  cacheSaltOf(tenant: string): string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly limits: HttpTargetLimits;
}

export interface HttpTargetLimits {
  readonly connectMillis: number;
  /** Longest silence within an answer that has begun; before it the deadline alone counts. */
  readonly stallMillis: number;
}

export const HTTP_TARGET_LIMITS: HttpTargetLimits = { connectMillis: 2_000, stallMillis: 30_000 };

const MAX_ERROR_BYTES = 64 * 1024;
/** Of connections that were kept and are found closed: servers end idle ones when they like. */
const CONNECTION_ATTEMPTS = 3;

export function createHttpTarget(options: HttpTargetOptions): Target {
  const { transport, clock, limits } = options;
  const base = options.url.replace(/\/+$/, "");
  const healthPath = options.healthPath ?? "/models";

  const urls = new Map<string, URL>();
  /** Of a path as the API has it, with `/v1`. */
  function urlOf(path: string): URL {
    let url = urls.get(path);
    if (url === undefined) {
      url = new URL(base + path.replace(/^\/v1(?=\/)/, ""));
      urls.set(path, url);
    }
    return url;
  }

  async function send(
    path: string,
    body: string,
    silenceTimeoutMillis: number,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const known = options.apiKey();
    const key = known instanceof Promise ? await known : known;
    return transport({
      url: urlOf(path),
      method: "POST",
      headers: {
        accept: "text/event-stream, application/json",
        "content-type": "application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body,
      connectTimeoutMillis: limits.connectMillis,
      silenceTimeoutMillis,
      signal,
    });
  }

  async function call(
    { path, body }: UpstreamCall,
    { deadlineMillis, signal }: InferenceContext,
  ): Promise<IncomingMessage> {
    try {
      const response = await sent(path, body, deadlineMillis, signal);
      if (response.statusCode === 200) return response;
      if (response.statusCode === 401) options.keyRefused?.();
      throw await refusal(response);
    } catch (error) {
      throw failureOf(error, signal);
    }
  }

  async function sent(
    path: string,
    body: string,
    deadlineMillis: number,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(path, body, Math.max(1, deadlineMillis - clock.epochMillis()), signal);
      } catch (error) {
        const mayHelp = error instanceof NoAnswer && error.closedWhileKept && attempt < CONNECTION_ATTEMPTS;
        if (!mayHelp) throw error;
      }
    }
  }

  async function generate(
    request: GenerationInference,
    model: ModelRecord,
    context: InferenceContext,
  ): Promise<InferenceResult> {
    const upstream = {
      name: options.modelNameOf(model),
      dialect: options.dialect,
      ...(context.tenant !== undefined && { cacheSalt: options.cacheSaltOf(context.tenant) }),
    };
    const response = await call(generationCall(request, upstream), context);
    return { type: "generation", events: eventsOf(response, request, context.signal) };
  }

  async function* eventsOf(
    response: IncomingMessage,
    request: GenerationInference,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<GenerationEvent> {
    let isWhole = false;
    try {
      if (isStream(response)) {
        // The first byte may take as long as the deadline allows; a stream that has begun does not fall silent.
        const parts = responseParts(response, () => response.socket.setTimeout(limits.stallMillis));
        for await (const event of generationEvents(parts, request, clock.monotonicMillis)) {
          // Few readers ask for anything after it.
          isWhole = event.type === "finish";
          yield event;
        }
      } else {
        yield* wholeGeneration((await readBody(response)).toString(), request, clock.monotonicMillis);
      }
    } catch (error) {
      throw failureOf(error, signal);
    } finally {
      // Nobody reads on: the server learns of it by the connection.
      if (isWhole) drain(response);
      else response.destroy();
    }
  }

  return {
    kind: "http",
    name: `http:${options.name}`,
    onPremises: options.onPremises,
    hasCopies: options.hasCopies,
    async infer(model, _version, request: InferenceRequest, context) {
      switch (request.type) {
        case "generation":
          return generate(request, model, context);
        case "embeddings": {
          const started = clock.monotonicMillis();
          const upstream = { name: options.modelNameOf(model), dialect: options.dialect };
          const response = await call(embeddingsCall(request, upstream), context);
          const body = await readBody(response).catch((error: unknown) => {
            throw failureOf(error, context.signal);
          });
          return embeddingsResult(body.toString(), request, clock.monotonicMillis() - started);
        }
        case "tensors":
          throw new FarthingError(
            "unsupported_task",
            `The model "${model.name}" is behind an engine that takes no tensors.`,
          );
      }
    },
    async ready() {
      try {
        await requireHealthy({
          transport,
          url: base,
          healthPath,
          apiKey: await options.apiKey(),
          connectMillis: limits.connectMillis,
        });
      } catch (error) {
        throw new FarthingError("model_not_ready", "The engine behind this model does not answer.", {
          retryAfterSeconds: 5,
          cause: error,
        });
      }
    },
  };
}

const isStream = ({ headers }: IncomingMessage): boolean =>
  headers["content-type"]?.startsWith("text/event-stream") ?? false;

async function refusal(response: IncomingMessage): Promise<FarthingError> {
  const body = await readBody(response, MAX_ERROR_BYTES).catch(() => Buffer.alloc(0));
  const seconds = Number(response.headers["retry-after"]);
  return upstreamError({
    status: response.statusCode ?? 500,
    body: body.toString(),
    ...(seconds > 0 && { retryAfterSeconds: Math.ceil(seconds) }),
  });
}

function failureOf(error: unknown, signal: AbortSignal | undefined): FarthingError {
  if (isFarthingError(error)) return error;
  if (signal?.aborted)
    return new FarthingError("cancelled", "The caller went away before the answer was complete.", { cause: error });
  const what = error instanceof NoAnswer ? "does not answer" : "broke off its answer";
  return new FarthingError("dependency_unavailable", `The engine behind this model ${what}.`, {
    retryAfterSeconds: 1,
    cause: error,
  });
}
