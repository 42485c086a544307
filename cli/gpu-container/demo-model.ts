/**
 * The container of a machine without a GPU: a small language model on ONNX, served as an engine would serve a large one, by
 * the same code that answers in functions. The model's own files (SM_MODEL_DIR) if they have a card that works here, else
 * the demo model that FARTHING_DEMO_MODEL names; the caller's name for it is taken as it is.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { CARD_FILE, readCard } from "../../adapters/model-folder/read-model-folder.ts";
import { type LoadedModel, loadModel } from "../../adapters/onnx/load-model.ts";
import { startOnnxRuntime } from "../../adapters/onnx/start-runtime.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { asFarthingError, FarthingError } from "../../core/errors.ts";
import type { ModelCard } from "../../core/models/card.ts";
import type { ModelRecord, ModelVersion } from "../../core/models/registry.ts";
import { EMBEDDINGS_ROUTE } from "../../core/protocols/openai/embeddings.ts";
import { encodeOpenAiError } from "../../core/protocols/openai/error.ts";
import { CHAT_ROUTE } from "../../core/protocols/openai/generation/chat.ts";
import { COMPLETIONS_ROUTE } from "../../core/protocols/openai/generation/completions.ts";
import type { AnsweredBy } from "../../core/protocols/protocol.ts";
import type { HttpRequest, HttpResponse } from "../../core/protocols/spec/http.ts";
import { counted, readEngineRequest, withUsage } from "./engine-dialect.ts";
import { bodyKind, portOf, serveContainer } from "./serve-container.ts";

/** SageMaker's own limit of a stream; nobody waits for longer. */
const DEADLINE_MILLIS = 480_000;

interface Served {
  readonly card: ModelCard;
  readonly model: LoadedModel;
}

async function load(variables: Readonly<Record<string, string | undefined>>): Promise<Served> {
  const own = variables.SM_MODEL_DIR;
  const directory = own !== undefined && existsSync(join(own, CARD_FILE)) ? own : variables.FARTHING_DEMO_MODEL;
  if (directory === undefined)
    throw new Error("neither SM_MODEL_DIR holds a card nor FARTHING_DEMO_MODEL names a folder");
  const [card] = await Promise.all([readCard(directory), startOnnxRuntime()]);
  return { card, model: await loadModel(directory, card, { threads: 1 }, systemClock) };
}

const loading = load(process.env);
let loaded: Served | undefined;
await serveContainer(
  {
    ready: async () => loaded !== undefined,
    async answer(body, _message, response) {
      const served = await loading;
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      await write(response, await answer(served, body, gone.signal).catch(errorResponse));
    },
  },
  portOf(process.env),
);
loaded = await loading;

async function answer({ card, model }: Served, sent: Buffer, signal: AbortSignal): Promise<HttpResponse> {
  const { body, continuousUsage } = readEngineRequest(sent);
  const request: HttpRequest = { method: "POST", path: "/invocations", query: {}, headers: {}, body };
  const requestId = randomUUID().replaceAll("-", "");
  const version: ModelVersion = {
    digest: "0".repeat(64),
    createdAt: new Date().toISOString(),
    bytes: 0,
    task: card.task,
    // Who calls an engine pays for the engine; what a request costs is decided elsewhere.
    price: { usdPerRequest: 0 },
    signature: model.signature,
  };
  const answeredBy = (name: string): AnsweredBy => ({
    model: {
      name,
      revision: 1,
      group: "gpu",
      versions: [version],
      weights: {},
      live: version.digest,
      history: [],
    } satisfies ModelRecord,
    version,
    requestId,
    createdAtSeconds: Math.floor(Date.now() / 1_000),
    priceUsd: () => 0,
  });
  const context = { requestId, deadlineMillis: Date.now() + DEADLINE_MILLIS, signal };

  if (bodyKind(body) === "embeddings") {
    const pending = EMBEDDINGS_ROUTE.open(request, {});
    const decoded = pending.decode(version);
    const result = await model.infer(decoded.request, context);
    if (result.type === "generation") throw new FarthingError("internal", "The model generated text for embeddings.");
    return decoded.encode(result, answeredBy(pending.model));
  }
  const route = bodyKind(body) === "completions" ? COMPLETIONS_ROUTE : CHAT_ROUTE;
  const pending = route.open(request, {});
  const decoded = pending.decode(version);
  const result = await model.infer(decoded.request, context);
  if (result.type !== "generation") throw new FarthingError("internal", `The model answered ${result.type}.`);
  const counts = { input: 0, output: 0 };
  const response = await decoded.encodeEvents(counted(result.events, counts), answeredBy(pending.model));
  if (typeof response.body === "string" || response.body instanceof Uint8Array) return response;
  return { ...response, body: withUsage(response.body, counts, continuousUsage) };
}

const errorResponse = (thrown: unknown): HttpResponse => encodeOpenAiError(asFarthingError(thrown));

async function write(
  response: ServerResponse<IncomingMessage>,
  { status, headers, body }: HttpResponse,
): Promise<void> {
  if (typeof body === "string" || body instanceof Uint8Array) {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  const gone = once(response, "close");
  for await (const chunk of body) {
    if (response.destroyed) break;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), gone]);
  }
  response.end();
}
