import { execFile, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Deployment } from "./deployment.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const SCRIPT = "test/conformance/openai-python.py";

/** OpenAI's client for Python: chats, responses, embeddings, files and batches. */
export function openaiPythonSuite(deployment: () => Deployment): void {
  const uv = spawnSync("uv", ["--version"]).status === 0;
  (uv ? describe : describe.skip)(
    `openai for Python${uv ? "" : " (skipped: no uv on the PATH to run it with)"}`,
    () => {
      let seen: Readonly<Record<string, unknown>>;
      beforeAll(async () => {
        const { url, apiKey } = deployment();
        const args = ["run", "--no-project", "--with", "openai==3.57.0", "python", SCRIPT, url, apiKey];
        seen = JSON.parse((await run("uv", args, { cwd: root })).stdout);
      }, 180_000);

      test("the same text by chat and by Responses, whole and streamed", () => {
        const { chat, streamedChat, response, streamedResponse } = seen;
        expect(chat).toEqual(expect.stringMatching(/\w/));
        expect([streamedChat, response, streamedResponse]).toEqual([chat, chat, chat]);
      });

      test("models and embeddings", () => {
        expect(seen.models).toEqual(expect.arrayContaining(["glossary", "sentences"]));
        expect(seen.dimensions).toBe(384);
      });

      test("a batch of responses", () => {
        expect(seen.batch).toEqual({ status: "completed", completed: 2, texts: [seen.chat, seen.chat] });
      });

      test("its own exceptions", () => {
        expect(seen).toMatchObject({
          unknownModel: "NotFoundError",
          wrongField: "BadRequestError",
          wrongKey: "AuthenticationError",
        });
      });
    },
  );
}
