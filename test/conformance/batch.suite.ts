import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { toFile } from "openai";
import { differences, isDescribed } from "../core/protocols/openai/openai-description.ts";
import { call, type Deployment } from "./deployment.ts";

const FINAL = ["completed", "failed", "expired", "cancelled"];
const WITHIN_MILLIS = 60_000;

interface OutputLine {
  readonly custom_id: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several routes.
  readonly response: { readonly status_code: number; readonly body: any } | null;
  readonly error: { readonly code: string } | null;
}

/** Files and batches through OpenAI's own client. */
export function batchSuite(deployment: () => Deployment): void {
  describe("files and batches", () => {
    const client = () => new OpenAI({ baseURL: `${deployment().url}/v1`, apiKey: deployment().apiKey, maxRetries: 0 });
    const upload = async (text: string) =>
      client().files.create({ file: await toFile(Buffer.from(text), "requests.jsonl"), purpose: "batch" });
    const run = async (lines: readonly (object | string)[], endpoint: OpenAI.BatchCreateParams["endpoint"]) => {
      const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
      const file = await upload(text);
      let batch = await client().batches.create({ input_file_id: file.id, endpoint, completion_window: "24h" });
      while (!FINAL.includes(batch.status)) {
        await sleep(200);
        batch = await client().batches.retrieve(batch.id);
      }
      return batch;
    };
    const linesOf = async (id: string | undefined): Promise<OutputLine[]> => {
      if (id === undefined) return [];
      const text = await (await client().files.content(id)).text();
      return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as OutputLine);
    };

    test("a file is kept, listed, given back byte by byte, and deleted", async () => {
      const text = "{}\n\u20ac\n";
      const file = await upload(text);
      expect(file).toMatchObject({ object: "file", bytes: Buffer.byteLength(text), purpose: "batch" });
      if (isDescribed) expect(differences(file, "OpenAIFile")).toEqual([]);
      expect(await client().files.retrieve(file.id)).toEqual(file);
      expect(await (await client().files.content(file.id)).text()).toBe(text);
      const listed: string[] = [];
      for await (const { id } of client().files.list({ limit: 1, purpose: "batch" })) listed.push(id);
      expect(listed).toContain(file.id);
      expect(await client().files.delete(file.id)).toEqual({ id: file.id, object: "file", deleted: true });
      await expect(client().files.retrieve(file.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    });

    test("a large file is announced, and goes to an address of its own, at just its size", async () => {
      const text = '{"custom_id":"a"}';
      const announced = await call(deployment(), "/v1/files", {
        body: { filename: "large.jsonl", bytes: text.length, purpose: "batch" },
      });
      const { upload: address } = announced.body.x_farthing;
      expect(announced.body.status).toBe("pending");
      expect((await fetch(address.url, { method: "PUT", body: `${text} ` })).status).toBe(403);
      const early = call(deployment(), "/v1/batches", {
        body: { input_file_id: announced.body.id, endpoint: "/v1/embeddings", completion_window: "24h" },
      });
      expect((await early).body.error).toMatchObject({ param: "input_file_id" });
      expect((await fetch(address.url, { method: "PUT", body: text })).status).toBe(200);
      expect(await client().files.retrieve(announced.body.id)).toMatchObject({ status: "processed" });
      expect(await (await client().files.content(announced.body.id)).text()).toBe(text);
    });

    test.each([
      ["an unknown purpose", { filename: "a", bytes: 1, purpose: "assistants" }, "purpose", 400],
      ["no size", { filename: "a", purpose: "batch" }, "bytes", 400],
      ["too large a size", { filename: "a", purpose: "batch", bytes: 1e12 }, "file", 413],
      ["a form without its file", undefined, null, 400],
    ])("%s is refused", async (_, body, param, status) => {
      const answer = await call(
        deployment(),
        "/v1/files",
        body === undefined
          ? { body: "--x--", headers: { "content-type": "multipart/form-data; boundary=x" } }
          : { body },
      );
      expect([answer.status, answer.body.error.param ?? null]).toEqual([status, param ?? "file"]);
    });

    test(
      "chats by the line: answers, errors, counts and price",
      async () => {
        const chat = (id: string, model: string) => ({
          custom_id: id,
          method: "POST",
          url: "/v1/chat/completions",
          body: { model, messages: [{ role: "user", content: "dog" }], temperature: 0, max_tokens: 5 },
        });
        const batch = await run(
          [chat("one", "glossary"), chat("two", "nothing"), "{", chat("three", "glossary")],
          "/v1/chat/completions",
        );
        expect(batch).toMatchObject({ status: "completed", request_counts: { total: 4, completed: 2, failed: 2 } });
        if (isDescribed) {
          const { metadata, ...described } = batch;
          expect([metadata, differences(described, "Batch")]).toEqual([null, []]);
        }
        const output = await linesOf(batch.output_file_id);
        expect(output.map(({ custom_id: id }) => id).sort()).toEqual(["one", "three"]);
        const direct = await client().chat.completions.create(chat("", "glossary").body as never);
        for (const { response } of output) {
          expect(response?.body.choices).toEqual((direct as OpenAI.ChatCompletion).choices);
          if (isDescribed) expect(differences(response?.body, "CreateChatCompletionResponse")).toEqual([]);
        }
        const sum = output.reduce((tokens, { response }) => tokens + response?.body.usage.total_tokens, 0);
        expect(batch.usage?.total_tokens).toBe(sum);
        expect(
          Number((batch as unknown as { x_farthing: { price_usd: string } }).x_farthing.price_usd),
        ).toBeGreaterThan(0);
        const errors = await linesOf(batch.error_file_id);
        expect(errors.map(({ response, error }) => response?.status_code ?? error?.code).sort()).toEqual([
          404,
          "invalid_json_line",
        ]);
      },
      WITHIN_MILLIS,
    );

    test(
      "embeddings by the line, more than one step of them",
      async () => {
        const lines = Array.from({ length: 20 }, (_, index) => ({
          custom_id: `e${index}`,
          method: "POST",
          url: "/v1/embeddings",
          body: { model: "sentences", input: `sentence ${index}` },
        }));
        const batch = await run(lines, "/v1/embeddings");
        expect(batch).toMatchObject({ status: "completed", request_counts: { total: 20, completed: 20, failed: 0 } });
        expect(batch.error_file_id).toBeUndefined();
        const output = await linesOf(batch.output_file_id);
        expect(new Set(output.map(({ custom_id: id }) => id)).size).toBe(20);
      },
      WITHIN_MILLIS,
    );

    test(
      "a cancelled batch ends; a final one stays as it is",
      async () => {
        const lines = Array.from({ length: 400 }, (_, index) => ({
          custom_id: `c${index}`,
          method: "POST",
          url: "/v1/embeddings",
          body: { model: "sentences", input: `sentence ${index}` },
        }));
        const file = await upload(lines.map((line) => JSON.stringify(line)).join("\n"));
        let batch = await client().batches.create({
          input_file_id: file.id,
          endpoint: "/v1/embeddings",
          completion_window: "24h",
        });
        expect((await client().batches.cancel(batch.id)).status).toBe("cancelling");
        while (!FINAL.includes(batch.status)) {
          await sleep(200);
          batch = await client().batches.retrieve(batch.id);
        }
        expect(batch.status).toBe("cancelled");
        expect(batch.request_counts?.completed).toBeLessThan(400);
        expect(await client().batches.cancel(batch.id)).toEqual(batch);
        const listed: string[] = [];
        for await (const { id } of client().batches.list({ limit: 1 })) listed.push(id);
        expect(listed).toContain(batch.id);
      },
      WITHIN_MILLIS,
    );

    test.each([
      ["an endpoint that takes no batches", { endpoint: "/v1/moderations" }, "endpoint"],
      ["another window", { completion_window: "1h" }, "completion_window"],
      ["an unknown field", { priority: 1 }, "priority"],
      ["metadata of numbers", { metadata: { a: 1 } }, "metadata"],
    ])("%s is refused with its place", async (_, fields, param) => {
      const file = await upload("{}");
      const order = { input_file_id: file.id, endpoint: "/v1/embeddings", completion_window: "24h", ...fields };
      const { status, body } = await call(deployment(), "/v1/batches", { body: order });
      expect([status, body.error.param]).toEqual([400, param]);
    });

    test("what does not exist, or is somebody else's, is not found", async () => {
      for (const path of [
        "/v1/files/file-000000000aaa",
        "/v1/batches/batch_000000000aaa",
        "/v1/files/..%2F..",
        "/v1/batches/x",
      ]) {
        expect([path, (await call(deployment(), path)).status]).toEqual([path, 404]);
      }
      const order = { input_file_id: "file-000000000aaa", endpoint: "/v1/embeddings", completion_window: "24h" };
      expect((await call(deployment(), "/v1/batches", { body: order })).body.error.code).toBe("unknown_file");
    });
  });
}
