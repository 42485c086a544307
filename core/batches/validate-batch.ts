/** One look at all lines before any is worked on: what makes the whole batch useless is said at once. */
import { BATCH_LIMITS, type Batch, type BatchProblem } from "./batch.ts";
import { isEmpty, linesOf, readLine } from "./input-lines.ts";

export type Validation =
  | { readonly type: "valid"; readonly lines: number }
  | { readonly type: "invalid"; readonly problems: readonly BatchProblem[] };

const MOST_PROBLEMS = 20;

/** A malformed line fails alone; lines that share a `custom_id` fail the batch, since their answers could not be told apart. */
export async function validateBatch(
  { endpoint }: Pick<Batch, "endpoint">,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Validation> {
  const problems: BatchProblem[] = [];
  const seen = new Set<string>();
  let lines = 0;
  for await (const input of linesOf(chunks, { byte: 0, line: 0 })) {
    if (isEmpty(input)) continue;
    lines++;
    if (lines > BATCH_LIMITS.mostLines) {
      const message = `The file has more than ${BATCH_LIMITS.mostLines} lines.`;
      return { type: "invalid", problems: [{ code: "too_many_requests", message, line: undefined }] };
    }
    const { customId } = readLine(input.bytes, endpoint);
    if (customId === undefined) continue;
    if (seen.has(customId) && problems.length < MOST_PROBLEMS) {
      const message = `The custom_id ${JSON.stringify(customId.slice(0, 64))} was given to an earlier line.`;
      problems.push({ code: "duplicate_custom_id", message, line: input.line + 1 });
    }
    seen.add(customId);
  }
  if (lines === 0) problems.push({ code: "empty_file", message: "The file has no lines.", line: undefined });
  return problems.length > 0 ? { type: "invalid", problems } : { type: "valid", lines };
}
