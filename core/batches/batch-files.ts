/** The files that a batch writes: their parts are there already, one for each step. */
import { FILE_LIMITS, type StoredFile } from "../files/file.ts";
import type { Batch } from "./batch.ts";

/** Known before the file is: a step that is done again writes to the same place. */
export const outputFileId = (batch: string, kind: "output" | "errors"): string =>
  `file-${batch.slice("batch_".length)}${kind === "output" ? "o" : "e"}`;

/** Undefined: nothing came to stand in it. */
export function batchFile(batch: Batch, kind: "output" | "errors"): StoredFile | undefined {
  const parts = batch[kind];
  if (parts.length === 0) return undefined;
  return {
    id: outputFileId(batch.id, kind),
    tenant: batch.tenant,
    name: `${batch.id}_${kind === "output" ? "output" : "error"}.jsonl`,
    purpose: "batch_output",
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    createdAtMillis: batch.createdAtMillis,
    expiresAtMillis: batch.createdAtMillis + (batch.outputKeptMillis ?? FILE_LIMITS.longestKeptMillis),
    state: "stored",
    parts,
  };
}
