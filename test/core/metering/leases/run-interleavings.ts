/** `node run-interleavings.ts <first seed> <count>`: prints what happened in all of them as JSON; the first broken promise ends it. */
import { runInterleaving } from "./interleaving.ts";

// Thousands of refusals are expected; nobody reads where each was made.
Error.stackTraceLimit = 0;

const [first = 1, count = 1] = process.argv.slice(2).map(Number);
const totals: Record<string, number> = {};
for (let seed = first; seed < first + count; seed++) {
  try {
    for (const [name, value] of Object.entries(await runInterleaving(seed))) {
      totals[name] = (totals[name] ?? 0) + value;
    }
  } catch (error) {
    throw new Error(
      `FARTHING_SEED=${seed} FARTHING_INTERLEAVINGS=1: ${error instanceof Error ? error.message : error}`,
    );
  }
}
process.stdout.write(JSON.stringify(totals));
