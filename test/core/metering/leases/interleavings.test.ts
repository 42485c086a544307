/**
 * Budgets as invariants, over random histories. They run in processes of their own: twice as fast as in a test's realm, and on
 * two cores. More of them, or others: FARTHING_INTERLEAVINGS=1000000 FARTHING_SEED=7
 */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

const INTERLEAVINGS = Number(process.env.FARTHING_INTERLEAVINGS ?? 100_000);
const FIRST_SEED = Number(process.env.FARTHING_SEED ?? 1);
const PROCESSES = 2;
const SCRIPT = resolve(import.meta.dirname, "run-interleavings.ts");
const NODE = resolve(import.meta.dirname, "../../../../node_modules/.bin/node");

test(`${INTERLEAVINGS} random histories: no budget is exceeded, nothing is charged twice, all that was withheld comes back`, async () => {
  const each = Math.ceil(INTERLEAVINGS / PROCESSES);
  const totals: Record<string, number> = {};
  const runs = Array.from({ length: PROCESSES }, (_, index) =>
    promisify(execFile)(NODE, [SCRIPT, String(FIRST_SEED + index * each), String(each)]),
  );
  for (const { stdout } of await Promise.all(runs)) {
    for (const [name, value] of Object.entries(JSON.parse(stdout) as Record<string, number>)) {
      totals[name] = (totals[name] ?? 0) + value;
    }
  }
  // A history in which nothing happens proves nothing.
  const rare = Object.entries(totals).filter(([, total]) => total < INTERLEAVINGS / 20);
  if (INTERLEAVINGS >= 1_000) expect(rare).toEqual([]);
}, 600_000);
