import { openInference } from "./open-inference/open-inference.ts";
import { openai } from "./openai/openai.ts";
import type { Protocol } from "./protocol.ts";

/** Every protocol that the API speaks. A new one is a folder beside these and a row here. */
export const PROTOCOLS: readonly Protocol[] = [openai, openInference];
