import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleFunction } from "../../../infra/constructs/function-bundle/function-bundle.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** The bundle that is deployed, outside of the repository: nothing that it needs may be found there by chance. */
export function buildBundle(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "farthing-test-bundle-"));
  const { directory } = bundleFunction(ROOT, "functions/inference/handler.ts", folder);
  return { path: join(directory, "index.mjs"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly contentType: string;
  /** Everything as it was streamed, the prelude included. */
  readonly bytes: Buffer;
}

interface Message {
  readonly type: "started" | "answered" | "failed";
  readonly requestId?: string;
  readonly contentType?: string;
  readonly bytes?: string;
  readonly message?: string;
}

/** A process that runs the bundle, with the variables that Lambda and the template would set. */
export class RunningFunction {
  readonly output: string[] = [];
  readonly #process: ChildProcess;
  #requests = 0;

  private constructor(child: ChildProcess) {
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.output.push(text));
    }
  }

  static async start(bundle: string, variables: Readonly<Record<string, string>>): Promise<RunningFunction> {
    const child = fork(join(import.meta.dirname, "function-process.mjs"), {
      env: {
        PATH: process.env.PATH ?? "",
        NODE_PATH: join(ROOT, "node_modules"),
        TEST_BUNDLE: pathToFileURL(bundle).href,
        TEST_RESPONSE_STREAM: pathToFileURL(join(ROOT, "local/lambda/runtime/response-stream.mjs")).href,
        ...variables,
      },
      silent: true,
      // Jest's own flags are not the function's.
      execArgv: [],
    });
    const running = new RunningFunction(child);
    await new Promise<void>((started, failed) => {
      child.once("message", () => started());
      child.once("exit", (code) => failed(new Error(`the function stopped with ${code}:\n${running.output.join("")}`)));
    });
    return running;
  }

  async invoke(event: object): Promise<Answered> {
    const requestId = `request-${++this.#requests}`;
    const answer = new Promise<Message>((answered) => {
      const listen = (message: Message) => {
        if (message.requestId !== requestId) return;
        this.#process.off("message", listen);
        answered(message);
      };
      this.#process.on("message", listen);
    });
    this.#process.send({ event, requestId });
    const message = await answer;
    if (message.type === "failed") throw new Error(message.message);
    const bytes = Buffer.from(message.bytes ?? "", "base64");
    const end = bytes.indexOf(Buffer.alloc(8));
    const prelude = end === -1 ? {} : (JSON.parse(bytes.subarray(0, end).toString()) as object);
    const { statusCode = 0, headers = {} } = prelude as { statusCode?: number; headers?: Record<string, string> };
    return {
      status: statusCode,
      headers,
      body: bytes.subarray(end + 8),
      contentType: message.contentType ?? "",
      bytes,
    };
  }

  /** Lines on standard output so far, parsed. */
  async lines(): Promise<readonly Record<string, unknown>[]> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const text = this.output.join("").trim();
    return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await stopped;
  }
}
