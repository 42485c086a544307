import type { Protocol } from "../protocol.ts";
import { DOCUMENT_ROUTES } from "./documents.ts";
import { encodeOpenInferenceError } from "./error.ts";
import { INFER_ROUTES } from "./infer.ts";

/** The Open Inference Protocol, version 2 (KServe, Triton): https://github.com/kserve/open-inference-protocol */
export const openInference: Protocol = {
  name: "open-inference",
  prefix: "/v2",
  routes: [...INFER_ROUTES, ...DOCUMENT_ROUTES],
  encodeError: encodeOpenInferenceError,
};
