import type { Protocol } from "../protocol.ts";
import { DOCUMENT_ROUTES } from "./documents.ts";
import { EMBEDDINGS_ROUTE } from "./embeddings.ts";
import { encodeOpenAiError } from "./error.ts";

/** The part of OpenAI's API that Farthing's models can answer: https://platform.openai.com/docs/api-reference */
export const openai: Protocol = {
  name: "openai",
  prefix: "/v1",
  routes: [EMBEDDINGS_ROUTE, ...DOCUMENT_ROUTES],
  encodeError: encodeOpenAiError,
};
