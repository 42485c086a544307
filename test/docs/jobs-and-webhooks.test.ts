/** The code that docs/guides/jobs-and-webhooks.md offers to receivers, against what is really sent. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Job } from "../../core/jobs/job.ts";
import { newWebhookSecret, signedMessage } from "../../core/jobs/webhook/signed-message.ts";

const NOW_SECONDS = 1_795_000_000;
const GUIDE = readFileSync(resolve(import.meta.dirname, "../../docs/guides/jobs-and-webhooks.md"), "utf8");
const scratch = mkdtempSync(join(tmpdir(), "farthing-guide-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const secret = newWebhookSecret(Buffer.alloc(24, 7));
const job = {
  id: "job_1",
  tenant: "acme",
  status: "succeeded",
  model: "größte",
  request: { path: "/v1/embeddings" },
  createdAtMillis: 0,
  deadlineMillis: 0,
} as Job;
const { headers, body } = signedMessage(job, "https://hooks.acme.example/", secret, NOW_SECONDS * 1000);

interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly secret: string;
  readonly now: number;
}
const sent: Received = { headers, body, secret, now: NOW_SECONDS };
const signedAs = (signature: string): Received => ({
  ...sent,
  headers: { ...headers, "webhook-signature": signature },
});
const CASES: readonly (readonly [string, Received, boolean])[] = [
  ["as it was sent", sent, true],
  ["beside a signature of another kind", signedAs(`v1a,abc ${headers["webhook-signature"]}`), true],
  ["five minutes late", { ...sent, now: NOW_SECONDS + 300 }, true],
  ["later than that", { ...sent, now: NOW_SECONDS + 301 }, false],
  ["another body", { ...sent, body: body.replace("succeeded", "failed") }, false],
  ["another secret", { ...sent, secret: newWebhookSecret(Buffer.alloc(24, 8)) }, false],
  ["another time", { ...sent, headers: { ...headers, "webhook-timestamp": String(NOW_SECONDS + 1) } }, false],
  ["no headers", { ...sent, headers: {} }, false],
  ["a signature that is none", signedAs("v1"), false],
];

/** The first block of a language that holds `text`, without the indentation of the list that it stands in. */
function blockWith(language: string, text: string): string {
  for (const [, indent = "", code = ""] of GUIDE.matchAll(
    new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, "gm"),
  )) {
    if (code.includes(text)) return code.replaceAll(new RegExp(`^${indent}`, "gm"), "");
  }
  throw new Error(`the guide has no ${language} with ${text}`);
}

test("TypeScript tells what was sent from what was not", async () => {
  const file = join(scratch, "receiver.ts");
  writeFileSync(
    file,
    `${blockWith("ts", "isFromFarthing")}
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(({ headers, body, secret, now }) => isFromFarthing(headers, body, secret, now))));`,
  );
  expect(answersOf(process.execPath, [pathToFileURL(file).pathname])).toEqual(CASES.map(([, , expected]) => expected));
});

test("Python does, too", () => {
  if (spawnSync("python3", ["--version"]).status !== 0) {
    process.stdout.write("no python3 on this machine: its receiver is not tried\n");
    return;
  }
  const code = `${blockWith("python", "is_from_farthing")}
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([is_from_farthing(c["headers"], c["body"].encode(), c["secret"], c["now"]) for c in cases]))`;
  expect(answersOf("python3", ["-c", code])).toEqual(CASES.map(([, , expected]) => expected));
});

function answersOf(command: string, parameters: readonly string[]): readonly boolean[] {
  const input = JSON.stringify(CASES.map(([, received]) => received));
  const { status, stdout, stderr } = spawnSync(command, parameters, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as boolean[];
}
