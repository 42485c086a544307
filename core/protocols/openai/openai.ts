import type { Protocol } from "../protocol.ts";
import { BATCH_ROUTES } from "./batches/batches.ts";
import { DOCUMENT_ROUTES } from "./documents.ts";
import { EMBEDDINGS_ROUTE } from "./embeddings.ts";
import { encodeOpenAiError } from "./error.ts";
import { FILE_ROUTES } from "./files/files.ts";
import { CHAT_ROUTE } from "./generation/chat.ts";
import { COMPLETIONS_ROUTE } from "./generation/completions.ts";
import { JOB_ROUTES } from "./jobs.ts";
import { MODERATIONS_ROUTE } from "./moderations.ts";
import { RERANK_ROUTE } from "./rerank.ts";
import { RESPONSES_ROUTE } from "./responses/responses.ts";
import { USAGE_ROUTE } from "./usage.ts";

/** The part of OpenAI's API that Farthing's models can answer: https://platform.openai.com/docs/api-reference */
export const openai: Protocol = {
  name: "openai",
  prefix: "/v1",
  routes: [
    CHAT_ROUTE,
    COMPLETIONS_ROUTE,
    RESPONSES_ROUTE,
    EMBEDDINGS_ROUTE,
    MODERATIONS_ROUTE,
    RERANK_ROUTE,
    ...DOCUMENT_ROUTES,
    USAGE_ROUTE,
    ...JOB_ROUTES,
    ...FILE_ROUTES,
    ...BATCH_ROUTES,
  ],
  encodeError: encodeOpenAiError,
};
