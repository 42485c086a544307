/**
 * Lets a step give the same numbers, bit for bit, whether a token is read alone or among others. In graphs of
 * GroupQueryAttention nothing else stands in the way: its product of probabilities and values takes another kernel for one
 * row than for several, which adds up in another order; 8-bit activations make 0.5 of a logit out of that. So attention is
 * not asked for one row: a token that comes alone is given to it twice, and the second answer is dropped. Only attention
 * does this work twice, which measures within 3 % of a step of SmolLM2-135M.
 *
 * It is what lets several tokens be verified at once (lookahead.ts), and what was read with one request stand for what the
 * next would read (kept-readings.ts), with the very text that there would be without. Whether a run is steady is said by a
 * further input, the least number of rows: with 1 the graph computes what it always did.
 */
import { ADDED, GRAPH, listOf, MODEL_GRAPH, node, numberInput, readNode, rewired, scalar } from "./onnx-nodes.ts";
import { eachField, message } from "./protobuf.ts";

/** The further input: 1, or 2 for steady runs. */
export const LEAST_ROWS = `${ADDED}steady.least`;

/** query, key and value; the latter two are empty where all three are packed into the first. */
const DOUBLED = 3;
const LENGTHS = { ofKeys: 5, total: 6 } as const;
/** Inputs after which more rows would not fit: position_ids, attention_bias. */
const ROW_WISE_INPUTS = [9, 10];

const [ROWS, INDEX, EXTRA, READ, ZERO_LIST, ONE_LIST] = ["rows", "index", "extra", "read", "zero", "one"].map(
  (name) => `${ADDED}steady.${name}`,
) as [string, string, string, string, string, string];

/** The model's bytes, changed; undefined where attention is laid out in another way. */
export function steadyAttention(model: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let attentions = 0;
  let others = 0;
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const rewritten: Uint8Array[] = [...shared()];
    /** Lengths that layers share are counted up once. */
    const longer = new Set<string>();
    eachField(graph, (part, value, __, wholePart) => {
      const read = part === GRAPH.node ? readNode(value) : undefined;
      if (read?.opType !== "GroupQueryAttention") return void rewritten.push(wholePart);
      if (ROW_WISE_INPUTS.some((at) => (read.inputs[at] ?? "") !== "")) others++;
      attentions++;
      const inputs = read.inputs.map((name, at) => {
        if (name === "") return name;
        if (at < DOUBLED) {
          const twice = `${ADDED}steady.${attentions}.${at}`;
          rewritten.push(node("Gather", [name, INDEX], twice, { axis: 1 }));
          return twice;
        }
        if (at !== LENGTHS.ofKeys && at !== LENGTHS.total) return name;
        const extended = `${ADDED}steady.${name}`;
        if (!longer.has(extended)) rewritten.push(node("Add", [name, EXTRA], extended));
        longer.add(extended);
        return extended;
      });
      const [attended = "", ...presents] = read.outputs;
      const rows = `${ADDED}steady.${attentions}.rows`;
      rewritten.push(rewired(value, { inputs, outputs: [rows, ...presents] }));
      rewritten.push(node("Slice", [rows, ZERO_LIST, READ, ONE_LIST], attended));
    });
    parts.push(message(MODEL_GRAPH, ...rewritten));
  });
  return attentions > 0 && others === 0 ? Buffer.concat(parts) : undefined;
}

const INT32 = 6;

/** INDEX: 0, 1, … as many as are read, or 0, 0 for one in a steady run; EXTRA: how many that is more. */
function shared(): Uint8Array[] {
  const [zero, one, ids, count, last, range, surplus] = [0, 1, "ids", "count", "last", "range", "surplus"].map(
    (name) => `${ADDED}steady.number.${name}`,
  ) as [string, string, string, string, string, string, string];
  return [
    scalar(zero, 0),
    scalar(one, 1),
    numberInput(LEAST_ROWS),
    listOf(ZERO_LIST, [0]),
    listOf(ONE_LIST, [1]),
    node("Shape", ["input_ids"], ids),
    node("Gather", [ids, ONE_LIST], READ),
    node("Gather", [ids, one], count),
    node("Max", [count, LEAST_ROWS], ROWS),
    node("Range", [zero, ROWS, one], range),
    node("Sub", [count, one], last),
    node("Min", [range, last], INDEX),
    node("Sub", [ROWS, count], surplus),
    node("Cast", [surplus], EXTRA, { to: INT32 }),
  ];
}
