/**
 * The tests that OpenAI generates for its client, against a running platform; they prove shapes, no more.
 *
 *     git clone --depth 1 https://github.com/openai/openai-node /some/folder
 *     npx farthing up --ready-file ready.json
 *     node test/conformance/generated/run.ts /some/folder ready.json
 *
 * Ends with 1 when a test fails that is not in expected-failures.ts, or one that is there does not fail any more.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Deployment } from "../deployment.ts";
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import { servePlaceholders } from "./placeholders.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const TESTS = [
  "batches.test.ts",
  "completions.test.ts",
  "embeddings.test.ts",
  "files.test.ts",
  "models.test.ts",
  "chat/completions",
  "responses/responses.test.ts",
];

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: "passed" | "failed" | "pending";
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const [checkout, readyFile] = process.argv.slice(2);
if (checkout === undefined || readyFile === undefined) {
  process.stderr.write("usage: node test/conformance/generated/run.ts <folder of openai-node> <ready file>\n");
  process.exit(2);
}
process.exitCode = await run(checkout, JSON.parse(readFileSync(readyFile, "utf8")) as Deployment);

async function run(checkout: string, deployment: Deployment): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "farthing-generated-"));
  const placeholders = await servePlaceholders(deployment);
  try {
    for (const test of TESTS) {
      cpSync(join(checkout, "tests/api-resources", test), join(folder, test), { recursive: true });
    }
    return compared(await report(folder, placeholders.url), folder);
  } finally {
    placeholders.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Jest in a process of its own: the tests are none of ours. */
async function report(folder: string, url: string): Promise<JestReport> {
  const client = join(ROOT, "node_modules/openai");
  const config = {
    rootDir: folder,
    testEnvironment: "node",
    testMatch: ["**/*.test.ts"],
    extensionsToTreatAsEsm: [".ts"],
    transform: {
      "\\.ts$": [
        join(ROOT, "node_modules/@swc/jest"),
        { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" } },
      ],
    },
    moduleNameMapper: { "^openai$": join(client, "index.mjs"), "^openai/(.*)$": join(client, "$1.mjs") },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const output = join(folder, "report.json");
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  const jest = join(ROOT, "node_modules/jest/bin/jest.js");
  const args = [...flags, jest, "--config", join(folder, "config.json"), "--json", "--outputFile", output, "--silent"];
  const child = spawn(process.execPath, args, { env: { ...process.env, TEST_API_BASE_URL: url }, stdio: "ignore" });
  await new Promise<void>((done) => child.once("exit", () => done()));
  return JSON.parse(readFileSync(output, "utf8")) as JestReport;
}

function compared({ testResults }: JestReport, folder: string): number {
  const failed = new Map<string, string>();
  let passed = 0;
  for (const { name, assertionResults } of testResults) {
    const file = relative(folder, name)
      .replace(/^.*farthing-generated-[^/]*\//, "")
      .replace(".test.ts", "");
    for (const { title, status, failureMessages } of assertionResults) {
      if (status === "passed") passed++;
      else failed.set(`${file} ${title}`, failureMessages[0]?.split("\n")[0] ?? status);
    }
  }
  const unexpected = [...failed].filter(([name]) => EXPECTED_FAILURES[name] === undefined);
  const repaired = Object.keys(EXPECTED_FAILURES).filter((name) => !failed.has(name));
  const lines = [
    `${passed} passed, ${failed.size} failed`,
    ...[...failed].map(
      ([name, message]) => `${EXPECTED_FAILURES[name] === undefined ? "UNEXPECTED" : "expected"}  ${name}: ${message}`,
    ),
    ...repaired.map((name) => `PASSES    ${name}: take it off the list`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return unexpected.length + repaired.length > 0 || passed === 0 ? 1 : 0;
}
