/**
 * A model on a SageMaker inference component. Always by InvokeEndpointWithResponseStream: InvokeEndpoint ends after 60 s, a
 * stream after 8 minutes. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
 *
 * The SDK is loaded with the first request that needs it: a router that never meets a GPU model never pays for it.
 */
import type { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { FarthingError, isFarthingError } from "../../core/errors.ts";
import type { ModelRecord } from "../../core/models/registry.ts";
import type { GenerationEvent, GenerationInference } from "../../core/protocols/spec/generation.ts";
import { embeddingsCall, embeddingsResult } from "../../core/protocols/upstream/embeddings-call.ts";
import { generationCall } from "../../core/protocols/upstream/generation-call.ts";
import { generationEvents, wholeGeneration } from "../../core/protocols/upstream/generation-events.ts";
import type { UpstreamCall } from "../../core/protocols/upstream/upstream.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { InferenceContext, Target } from "../../core/serving/target.ts";
import { invocationFailure } from "./invocation-failure.ts";

/** Where a model answers. */
export interface EndpointAddress {
  readonly endpoint: string;
  readonly component: string;
  /** What the container calls the model. */
  readonly servedName: string;
}

export interface EndpointTargetOptions {
  /** Undefined: no endpoint of this environment holds it. */
  addressOf(model: string): EndpointAddress | undefined;
  /** Made with the first request. */
  client(): Promise<SageMakerRuntimeClient>;
  /** Throws `model_not_ready` while the component has no copy in service. */
  checkCopies(address: EndpointAddress): Promise<void>;
  cacheSaltOf(tenant: string): string;
  readonly clock: Clock;
}

/** AWS names 25 MB in one place and 6 MB in another; what is refused there is refused here first. */
export const MAX_INVOCATION_BYTES = 6 * 1024 * 1024;

export function createEndpointTarget(options: EndpointTargetOptions): Target {
  const { clock } = options;

  async function invoke(address: EndpointAddress, { body }: UpstreamCall, context: InferenceContext) {
    if (Buffer.byteLength(body) > MAX_INVOCATION_BYTES) throw tooLarge(Buffer.byteLength(body));
    const { InvokeEndpointWithResponseStreamCommand } = await import("@aws-sdk/client-sagemaker-runtime");
    const client = await options.client();
    const abort = abortAt(context, clock);
    try {
      const response = await client.send(
        new InvokeEndpointWithResponseStreamCommand({
          EndpointName: address.endpoint,
          InferenceComponentName: address.component,
          ContentType: "application/json",
          Accept: "text/event-stream",
          InferenceId: context.requestId,
          Body: Buffer.from(body),
        }),
        { abortSignal: abort.signal },
      );
      return {
        bytes: payloadOf(response.Body, abort),
        isStream: response.ContentType?.startsWith("text/event-stream") ?? true,
      };
    } catch (error) {
      abort.clear();
      throw failureOf(error, context);
    }
  }

  async function* eventsOf(
    { bytes, isStream }: Awaited<ReturnType<typeof invoke>>,
    request: GenerationInference,
    context: InferenceContext,
  ): AsyncGenerator<GenerationEvent> {
    try {
      if (isStream) yield* generationEvents(bytes, request, clock.monotonicMillis);
      else yield* wholeGeneration(await collected(bytes), request, clock.monotonicMillis);
    } catch (error) {
      throw failureOf(error, context);
    }
  }

  function addressOf({ name }: ModelRecord): EndpointAddress {
    const address = options.addressOf(name);
    if (address === undefined) throw new Error(`no endpoint is configured for the model "${name}"`);
    return address;
  }

  return {
    kind: "endpoint",
    name: "endpoint",
    onPremises: false,
    hasCopies: true,
    async infer(model, _version, request, context) {
      const address = addressOf(model);
      const upstream = {
        name: address.servedName,
        dialect: "vllm",
        ...(context.tenant !== undefined && { cacheSalt: options.cacheSaltOf(context.tenant) }),
      } as const;
      switch (request.type) {
        case "generation": {
          const answer = await invoke(address, generationCall(request, upstream), context);
          return { type: "generation", events: eventsOf(answer, request, context) };
        }
        case "embeddings": {
          const started = clock.monotonicMillis();
          const { bytes } = await invoke(address, embeddingsCall(request, upstream), context);
          const body = await collected(bytes).catch((error: unknown) => {
            throw failureOf(error, context);
          });
          return embeddingsResult(body, request, clock.monotonicMillis() - started);
        }
        case "tensors":
          throw new FarthingError(
            "unsupported_task",
            `The model "${model.name}" is behind an engine that takes no tensors.`,
          );
      }
    },
    ready: (model) => options.checkCopies(addressOf(model)),
  };
}

interface Abort {
  readonly signal: AbortSignal;
  clear(): void;
}

/** By the caller or by the deadline, whichever is first. */
function abortAt({ signal, deadlineMillis }: InferenceContext, clock: Clock): Abort {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const cancel = clock.after(Math.max(1, deadlineMillis - clock.epochMillis()), abort);
  return {
    signal: controller.signal,
    clear() {
      cancel();
      signal?.removeEventListener("abort", abort);
    },
  };
}

interface PayloadEvent {
  readonly PayloadPart?: { readonly Bytes?: Uint8Array | undefined } | undefined;
  readonly ModelStreamError?: Error | undefined;
  readonly InternalStreamFailure?: Error | undefined;
}

/** The parts' bytes. Throws what the stream brings in their place. */
async function* payloadOf(parts: AsyncIterable<PayloadEvent> | undefined, abort: Abort): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of parts ?? []) {
      const failure = part.ModelStreamError ?? part.InternalStreamFailure;
      if (failure !== undefined) throw failure;
      if (part.PayloadPart?.Bytes !== undefined) yield part.PayloadPart.Bytes;
    }
  } finally {
    abort.clear();
  }
}

async function collected(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

function failureOf(error: unknown, { signal }: InferenceContext): FarthingError {
  if (isFarthingError(error)) return error;
  if (signal?.aborted)
    return new FarthingError("cancelled", "The caller went away before the answer was complete.", { cause: error });
  return invocationFailure(error);
}

const tooLarge = (bytes: number): FarthingError =>
  new FarthingError(
    "payload_too_large",
    `The request has ${bytes} bytes for the endpoint behind this model; at most ${MAX_INVOCATION_BYTES} are allowed.`,
  );
