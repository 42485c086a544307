import { execFile, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Deployment } from "./deployment.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const WITH = ["--with", "tritonclient[http]==2.73.0", "--with", "numpy<3"];

interface Seen {
  readonly live: boolean;
  readonly ready: boolean;
  readonly modelReady: boolean;
  readonly unknownReady: boolean;
  readonly server: { readonly extensions: readonly string[] };
  readonly model: { readonly name: string; readonly inputs: readonly object[] };
  readonly labels: readonly number[];
  readonly answers: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly spam: readonly string[];
  readonly unknown: string;
}

/** NVIDIA's client for the Open Inference Protocol, JSON and binary tensors. */
export function tritonClientSuite(deployment: () => Deployment): void {
  const uv = spawnSync("uv", ["--version"]).status === 0;
  (uv ? describe : describe.skip)(`tritonclient${uv ? "" : " (skipped: no uv on the PATH to run Python with)"}`, () => {
    let seen: Seen;
    beforeAll(async () => {
      const { url, apiKey } = deployment();
      const { stdout } = await run(
        "uv",
        ["run", "--no-project", ...WITH, "python", "test/conformance/triton-client.py", url, apiKey],
        { cwd: root },
      );
      seen = JSON.parse(stdout) as Seen;
    }, 180_000);

    test("sees a live and ready server and model", () => {
      expect(seen).toMatchObject({ live: true, ready: true, modelReady: true, unknownReady: false });
    });

    test("reads metadata", () => {
      expect(seen.server.extensions).toContain("binary_tensor_data");
      expect(seen.model).toMatchObject({
        name: "digits",
        inputs: [{ name: "image", datatype: "FP32", shape: [-1, 1, 28, 28] }],
      });
    });

    test("classifies the same with JSON and binary tensors, in both directions", () => {
      const all = Object.values(seen.answers);
      expect(all).toHaveLength(4);
      const digits = all.map((rows) => rows.map((row) => row.indexOf(Math.max(...row))));
      for (const found of digits) expect(found).toEqual(digits[0]);
      const right = (digits[0] as number[]).filter((digit, i) => digit === seen.labels[i]).length;
      expect(right).toBeGreaterThanOrEqual(15);
    });

    test("sends and gets strings", () => {
      expect(seen.spam).toEqual(["spam", "ham"]);
    });

    test("meets errors as its own exception", () => {
      expect(seen.unknown).toMatch(/nothing/);
    });
  });
}
