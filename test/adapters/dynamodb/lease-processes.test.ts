/** Real processes on one budget in a real table, some of them killed: sums are exact to the last usage line. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { administeredTable } from "../../../adapters/dynamodb/administered-table.ts";
import { accountDirectoryOn } from "../../../adapters/dynamodb/lease-table.ts";
import { committed } from "../../../core/metering/leases/account.ts";
import { reconcileStoredLease } from "../../../core/metering/leases/reconcile-lease.ts";
import { encodeTerms } from "../../../core/tenants/terms.ts";
import { type ServingWorld, startServingWorld, TENANTS_TABLE } from "../serving-world.ts";

const PROCESSES = 8;
const KILLED = 3;
const REQUESTS = 10_000;
const STREAMS = 200;
/** About two thirds of what they would spend. */
const BUDGET = 2_200_000n;
const TABLE = `arn:aws:dynamodb:us-east-1:123456789012:table/${TENANTS_TABLE}`;
const SCRIPT = resolve(import.meta.dirname, "../../fixtures/metering/spending-process.ts");
const NODE = resolve(import.meta.dirname, "../../../node_modules/.bin/node");

interface Line {
  readonly requestId: string;
  readonly charged: string;
  readonly lease: string;
}

let world: ServingWorld;
const folder = mkdtempSync(join(tmpdir(), "farthing-leases-"));
beforeAll(async () => {
  world = await startServingWorld([
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:PutItem"], Resource: [TABLE] },
  ]);
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(
  name: string,
  requests: number,
  streams: number,
  killedAt?: number,
): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const terms = encodeTerms({ budgets: { monthly: { picodollars: BUDGET, enforcement: "hard" } }, limits: {} });
  const args = [
    SCRIPT,
    TENANTS_TABLE,
    terms,
    join(folder, name),
    String(requests),
    String(streams),
    String(killedAt ?? ""),
  ];
  const child = spawn(NODE, args, {
    env: { ...world.variables, PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => void (output += chunk));
  child.stderr.on("data", (chunk) => void (output += chunk));
  const ended = new Promise<string>((settle) => void child.once("close", () => settle(output)));
  return { child, ended };
}

const written = (name?: string): readonly Line[] =>
  readdirSync(folder)
    .filter((file) => name === undefined || file === name)
    .flatMap((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);

test(`${PROCESSES} processes, ${KILLED} killed, ${REQUESTS} requests, ${STREAMS} streams: exact sums`, async () => {
  const running = Array.from({ length: PROCESSES }, (_, index) => ({
    name: `process-${index}`,
    // In the middle of its work: its usage lines say when.
    ...start(
      `process-${index}`,
      REQUESTS / PROCESSES,
      STREAMS / PROCESSES,
      index < KILLED ? 30 * (index + 1) : undefined,
    ),
  }));
  const outcomes = await Promise.all(
    running.map(async ({ name, child, ended }, index) => {
      if (index >= KILLED) return ended;
      await ended;
      expect(child.signalCode).toBe("SIGKILL");
      const left = REQUESTS / PROCESSES + STREAMS / PROCESSES - written(name).length;
      return start(`${name}-again`, left, 0).ended;
    }),
  );
  const counts = outcomes.map((output) => JSON.parse(output) as Record<string, number>);
  const total = (what: string): number => counts.reduce((sum, each) => sum + (each[what] ?? 0), 0);
  const lines = written();
  const charged = lines.reduce((sum, line) => sum + BigInt(line.charged), 0n);
  expect(total("fault") + total("dependency_unavailable")).toBe(0);
  expect(total("budget_exceeded")).toBeGreaterThan(0);
  expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(lines.length);
  expect(charged).toBeLessThanOrEqual(BUDGET);

  const directory = accountDirectoryOn(administeredTable(world.dynamodb, TENANTS_TABLE));
  const month = new Date().toISOString().slice(0, 7);
  const before = await directory.read("tenant#acme");
  expect(committed(before, month)).toBeLessThanOrEqual(BUDGET);
  expect(committed(before, month)).toBeGreaterThanOrEqual(charged);
  const later = Date.now() + 3_600_000;
  for (const lease of Object.keys(before.leases)) {
    const own = lines.filter((line) => line.lease === lease);
    const byRequest = new Map(own.map(({ requestId, charged }) => [requestId, BigInt(charged)]));
    const settled = await reconcileStoredLease(directory, "tenant#acme", lease, byRequest, later);
    expect(settled).toMatchObject({ facts: { unexplainedPicodollars: 0n, excessPicodollars: 0n } });
  }
  const after = await directory.read("tenant#acme");
  expect(after.leases).toEqual({});
  expect(after.charged[month]).toBe(charged);
}, 60_000);
