/**
 * The work on a batch, step by step: some lines are answered, their answers written as parts of the batch's files, and then the
 * record says so. A process that dies between two records leaves work that is done again, under the same numbers for the bill.
 */
import { isFarthingError } from "../errors.ts";
import type { FilePart, StoredFile } from "../files/file.ts";
import { partName } from "../files/file.ts";
import { fileBytes } from "../files/file-bytes.ts";
import type { FileContents, FileStore } from "../files/file-store.ts";
import type { JobStore, StartJob } from "../jobs/job-store.ts";
import { closeWithSlot } from "../jobs/open-limit.ts";
import type { Api } from "../serving/api-dependencies.ts";
import type { Clock } from "../serving/clock.ts";
import { answerLine, errorText } from "./answer-line.ts";
import { BATCH_LIMITS, type Batch, type BatchStatus, dueAtMillis, isFinal, stepLines } from "./batch.ts";
import { batchFile, outputFileId } from "./batch-files.ts";
import type { BatchStore } from "./batch-store.ts";
import { becomes, changeBatch } from "./change-batch.ts";
import { isEmpty, linesOf, readLine } from "./input-lines.ts";
import { answerLines, type PooledLine, type PoolOutcome } from "./line-pool.ts";
import { tendedBatch } from "./tended-batch.ts";
import { validateBatch } from "./validate-batch.ts";

export interface BatchRunnerParts {
  readonly store: BatchStore;
  readonly files: Pick<FileStore, "find" | "put">;
  readonly contents: Pick<FileContents, "read" | "write">;
  readonly open: Pick<JobStore, "putOpen" | "removeOpen">;
  readonly start: StartJob;
  readonly api: Api;
  readonly clock: Clock;
  newToken(): string;
}

export interface BatchRunCall {
  readonly tenant: string;
  readonly id: string;
  /** Of this process. */
  readonly deadlineMillis: number;
}

/** A step is not begun with less than this left. */
const SHORTEST_STEP_MILLIS = 10_000;
/** Of a step, what is kept for writing it down. */
const RESERVE_MILLIS = 5_000;

export async function runBatch(call: BatchRunCall, parts: BatchRunnerParts): Promise<void> {
  const { store, files, contents, open, api, clock, newToken } = parts;
  const { tenant, id } = call;
  const token = newToken();
  const now = clock.epochMillis;
  const found = await store.find(tenant, id);
  if (found === undefined || isFinal(found)) return closeWithSlot(call, open, store);
  const claimed = await changeBatch(tenant, id, store, (batch) => {
    const isCancelled = batch.status === "cancelling" && batch.run === undefined;
    if (isFinal(batch) || (now() < dueAtMillis(batch) && !isCancelled)) return undefined;
    return { run: { token, untilMillis: now() + BATCH_LIMITS.leaseMillis } };
  });
  if (claimed === undefined) return;
  await open.putOpen({ tenant, id, dueAtMillis: dueAtMillis(claimed) });
  const tended = tendedBatch(claimed, token, { store, clock });
  try {
    const input = await files.find(tenant, claimed.inputFile);
    if (input === undefined) await failed(claimed);
    else await work(claimed, input);
  } catch (thrown) {
    if (!isFarthingError(thrown) || thrown.code !== "unknown_file") throw thrown;
    await failed((await store.find(tenant, id)) ?? claimed);
  } finally {
    await tended.end();
  }

  /** A change by who has the batch in their hands; undefined: that is somebody else. */
  function change(made: (batch: Batch) => Partial<Batch>): Promise<Batch | undefined> {
    return changeBatch(tenant, id, store, (batch) => (batch.run?.token === token ? made(batch) : undefined));
  }

  async function work(claimed: Batch, input: StoredFile): Promise<void> {
    let batch: Batch | undefined = claimed;
    while (batch !== undefined) {
      if (batch.status === "cancelling") return ended(batch, "cancelled");
      if (now() >= batch.expiresAtMillis) return expired(batch, input);
      if (batch.status === "validating") batch = await validated(batch, input);
      else if (batch.completed + batch.failed >= batch.lines) return ended(batch, "completed");
      else if (call.deadlineMillis - now() < SHORTEST_STEP_MILLIS) return later(0);
      else {
        const { step, outcome }: { step: Partial<Batch>; outcome: PoolOutcome } = await stepped(batch, input);
        batch = await change(() => step);
        if (batch !== undefined && outcome.waitMillis > 0 && batch.status !== "cancelling")
          return later(outcome.waitMillis);
      }
    }
  }

  async function validated(batch: Batch, input: StoredFile): Promise<Batch | undefined> {
    const validation = await validateBatch(batch, fileBytes(input, contents));
    if (validation.type === "valid") {
      return change((stored) => ({
        lines: validation.lines,
        stepAtMillis: now(),
        // Unless it was cancelled meanwhile.
        ...(stored.status === "validating" && becomes(stored, "in_progress", now())),
      }));
    }
    await change((stored) => ({ ...becomes(stored, "failed", now()), problems: validation.problems, run: undefined }));
    await closeWithSlot(call, open, store);
    return undefined;
  }

  /** Without its input it can never go on; what was answered stays. */
  async function failed(batch: Batch): Promise<void> {
    const problems = [{ code: "file_not_found", message: "The input file was deleted.", line: undefined }];
    const files = await written(batch);
    await change((stored) => ({ ...becomes(stored, "failed", now()), ...files, problems, run: undefined }));
    await closeWithSlot(call, open, store);
  }

  async function stepped(batch: Batch, input: StoredFile): Promise<{ step: Partial<Batch>; outcome: PoolOutcome }> {
    const { lines, next } = await nextLines(batch, input);
    const deadlineMillis = Math.min(call.deadlineMillis, batch.expiresAtMillis) - RESERVE_MILLIS;
    const lineCall = { batch, api, deadlineMillis, signal: tended.signal };
    const outcome = await answerLines(lines, {
      clock,
      signal: tended.signal,
      untilMillis: deadlineMillis,
      answer: (line) => answerLine(line, line.failures, lineCall),
    });
    const texts = { answered: [] as string[], failed: [] as string[] };
    let { inputTokens, outputTokens } = batch.usage;
    let { priceUsd } = batch;
    for (const { answer } of outcome.done) {
      texts[answer.type].push(answer.text);
      inputTokens += answer.outcome?.usage.inputTokens ?? 0;
      outputTokens += answer.outcome?.usage.outputTokens ?? 0;
      priceUsd += answer.outcome?.priceUsd ?? 0;
    }
    const stepLine = `${token}-${batch.revision}`;
    const step = {
      next,
      // Those of earlier steps that did not fit into this one come first the next time.
      again: [
        ...batch.again.slice(lines.filter(({ byte }) => byte < batch.next.byte).length),
        ...outcome.again.map(({ byte, bytes, line, failures }) => ({ byte, bytes: bytes.length, line, failures })),
      ],
      stepAtMillis: now(),
      completed: batch.completed + texts.answered.length,
      failed: batch.failed + texts.failed.length,
      usage: { inputTokens, outputTokens },
      priceUsd,
      output: [...batch.output, ...(await part("output", stepLine, texts.answered))],
      errors: [...batch.errors, ...(await part("errors", stepLine, texts.failed))],
    };
    return { step, outcome };
  }

  async function nextLines(batch: Batch, input: StoredFile): Promise<{ lines: PooledLine[]; next: Batch["next"] }> {
    const most = stepLines(batch.lines);
    const lines: PooledLine[] = [];
    for (const { byte, bytes, line, failures } of batch.again.slice(0, most)) {
      const pieces: Uint8Array[] = [];
      for await (const piece of fileBytes(input, contents, byte, byte + bytes)) pieces.push(piece);
      lines.push({ byte, line, bytes: Buffer.concat(pieces), failures });
    }
    let { next } = batch;
    if (lines.length >= most) return { lines, next };
    for await (const read of linesOf(fileBytes(input, contents, next.byte), next)) {
      if (lines.length >= most) return { lines, next: { byte: read.byte, line: read.line } };
      if (!isEmpty(read)) lines.push({ ...read, failures: 0 });
      next = { byte: input.bytes, line: read.line + 1 };
    }
    return { lines, next };
  }

  /** Under a name that no other process has: what a process that was thought dead still writes, nobody reads. */
  async function part(
    kind: "output" | "errors",
    unique: string,
    texts: readonly string[],
  ): Promise<readonly FilePart[]> {
    if (texts.length === 0) return [];
    const bytes = Buffer.from(`${texts.join("\n")}\n`);
    const name = partName(tenant, outputFileId(id, kind), unique);
    await contents.write(name, bytes);
    return [{ name, bytes: bytes.length }];
  }

  async function expired(batch: Batch, input: StoredFile): Promise<void> {
    const texts: string[] = [];
    const late = (line: number, bytes: Uint8Array): void => {
      const { customId } = readLine(bytes, batch.endpoint);
      texts.push(
        errorText(
          `${id}_${line + 1}`,
          customId ?? null,
          "batch_expired",
          "The batch's time was over before this line's turn.",
        ),
      );
    };
    for (const { byte, bytes, line } of batch.again) {
      const pieces: Uint8Array[] = [];
      for await (const piece of fileBytes(input, contents, byte, byte + bytes)) pieces.push(piece);
      late(line, Buffer.concat(pieces));
    }
    for await (const read of linesOf(fileBytes(input, contents, batch.next.byte), batch.next)) {
      if (!isEmpty(read)) late(read.line, read.bytes);
    }
    const errors = [...batch.errors, ...(await part("errors", `${token}-expired`, texts))];
    return ended({ ...batch, errors, failed: batch.failed + texts.length }, "expired");
  }

  async function ended(batch: Batch, status: BatchStatus): Promise<void> {
    const files = await written(batch);
    const { failed: failedLines, errors } = batch;
    await change((stored) => {
      const times = { ...stored.times, finalizing: now(), [status]: now() };
      return { ...files, status, times, errors, failed: failedLines, run: undefined };
    });
    await closeWithSlot(call, open, store);
  }

  async function written(batch: Batch): Promise<Pick<Batch, "outputFile" | "errorFile">> {
    const output = batchFile(batch, "output");
    const errors = batchFile(batch, "errors");
    for (const file of [output, errors]) if (file !== undefined) await files.put(file);
    return { ...(output && { outputFile: output.id }), ...(errors && { errorFile: errors.id }) };
  }

  async function later(waitMillis: number): Promise<void> {
    const notBeforeMillis = now() + waitMillis;
    if ((await change(() => ({ notBeforeMillis, run: undefined }))) === undefined) return;
    await open.putOpen({ tenant, id, dueAtMillis: notBeforeMillis });
    if (waitMillis === 0) await parts.start({ tenant, id });
  }
}
