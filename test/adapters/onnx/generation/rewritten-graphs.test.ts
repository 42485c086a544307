/** The rewrites by their nodes; that results stay equal to the last bit is shown with SmolLM2 (turns, third-party). */
import { decoderModel } from "../../../../adapters/onnx/generation/decoder-model.ts";
import { mergedProjections } from "../../../../adapters/onnx/generation/merged-projections.ts";
import {
  type GraphNode,
  listOf,
  MODEL_GRAPH,
  node,
  numberOf,
  readNode,
  scalar,
  VALUE,
} from "../../../../adapters/onnx/generation/onnx-nodes.ts";
import { eachField, message, text, varint } from "../../../../adapters/onnx/generation/protobuf.ts";
import { withoutInputs, withSharedConstants } from "../../../../adapters/onnx/generation/shared-constants.ts";
import { LEAST_ROWS } from "../../../../adapters/onnx/generation/steady-attention.ts";

const model = (...parts: readonly Uint8Array[]) => Buffer.concat([varint(1, 10), message(MODEL_GRAPH, ...parts)]);
const output = (name: string) => message(12, message(VALUE.name, Buffer.from(name)));

interface Read {
  readonly nodes: (GraphNode & { readonly bytes: Uint8Array })[];
  readonly inputs: string[];
  readonly outputs: string[];
}

function read(bytes: Uint8Array | undefined): Read {
  const found: Read = { nodes: [], inputs: [], outputs: [] };
  eachField(bytes ?? new Uint8Array(0), (field, graph) => {
    if (field !== MODEL_GRAPH) return;
    eachField(graph, (part, value) => {
      if (part === 1) found.nodes.push({ ...readNode(value), bytes: value });
      if (part !== 11 && part !== 12) return;
      const list = part === 11 ? found.inputs : found.outputs;
      eachField(value, (key, name) => void (key === VALUE.name && list.push(text(name))));
    });
  });
  return found;
}

const ofType = ({ nodes }: Read, opType: string) => nodes.filter((one) => one.opType === opType);

describe("attention", () => {
  const attention = (...inputs: readonly string[]) =>
    node("GroupQueryAttention", inputs, ["said", "present.0.key", "present.0.value"], { num_heads: 9 });
  const LENGTHS = ["past.k", "past.v", "keys", "total"];
  const outputs = [output("present.0.key"), output("present.0.value")];

  test("is given a lone token twice, whether its inputs are three or packed into one", () => {
    const three = read(decoderModel(model(attention("q", "k", "v", ...LENGTHS), ...outputs)));
    expect(three.inputs).toEqual([LEAST_ROWS]);
    const twice = ofType(three, "Gather").filter(({ inputs }) => ["q", "k", "v"].includes(inputs[0] as string));
    const [own] = ofType(three, "GroupQueryAttention");
    expect(own?.inputs.slice(0, 3)).toEqual(twice.map((one) => one.outputs[0]));
    expect(own?.outputs.slice(1)).toEqual(["present.0.key", "present.0.value"]);
    expect(numberOf(own?.bytes as Uint8Array, "num_heads")).toBe(9);
    expect(ofType(three, "Slice").map((one) => one.outputs[0])).toContain("said");

    const packed = read(decoderModel(model(attention("qkv", "", "", ...LENGTHS), ...outputs)));
    expect(ofType(packed, "GroupQueryAttention")[0]?.inputs.slice(1, 3)).toEqual(["", ""]);
  });

  test("counts lengths that layers share up once", () => {
    const layers = [attention("a", "b", "c", ...LENGTHS), attention("d", "e", "f", ...LENGTHS)];
    expect(ofType(read(decoderModel(model(...layers, ...outputs))), "Add")).toHaveLength(2);
  });

  test("with inputs that go row by row with the queries is left as it is, but for the rows", () => {
    const biased = attention("q", "k", "v", ...LENGTHS, "cos", "sin", "", "bias");
    const received = read(decoderModel(model(biased, ...outputs)));
    expect(received.inputs).toEqual([]);
    expect(received.outputs).toContain("farthing.rows");
  });

  test("that was rewritten before is not rewritten again", () => {
    const once = decoderModel(model(attention("q", "k", "v", ...LENGTHS), ...outputs)) as Uint8Array;
    expect(decoderModel(once)).toBeUndefined();
  });
});

describe("products", () => {
  const bits = (input: string, name: string, columns: number, ...further: readonly string[]) =>
    node("MatMulNBits", [input, `${name}.q`, `${name}.scale`, ...further], name, { K: 64, N: columns, bits: 4 });
  const weights = (...names: readonly string[]) =>
    names.flatMap((name) => [`${name}.q`, `${name}.scale`]).map((name) => listOf(name, [1]));

  test("query, key and value go into attention as one", () => {
    const received = read(
      mergedProjections(
        model(
          bits("x", "q", 64),
          bits("x", "k", 32),
          bits("x", "v", 32),
          node("GroupQueryAttention", ["q", "k", "v", "past"], "said"),
          ...weights("q", "k", "v"),
        ),
      ),
    );
    const [product, ...others] = ofType(received, "MatMulNBits");
    expect(others).toEqual([]);
    expect(numberOf(product?.bytes as Uint8Array, "N")).toBe(128);
    expect(ofType(received, "Concat").map(({ inputs }) => inputs)).toEqual([
      ["q.q", "k.q", "v.q"],
      ["q.scale", "k.scale", "v.scale"],
    ]);
    expect(ofType(received, "GroupQueryAttention")[0]?.inputs).toEqual([product?.outputs[0], "", "", "past"]);
    expect(ofType(received, "Split")).toEqual([]);
  });

  test("others are split again, and what is added to each is joined too", () => {
    const plus = (name: string, columns: number) => [
      bits("x", `${name}.main`, columns),
      node("MatMul", ["sums", `${name}.w`], `${name}.offset`),
      node("Add", [`${name}.main`, `${name}.offset`], name),
    ];
    const received = read(
      mergedProjections(
        model(
          ...plus("gate", 96),
          ...plus("up", 96),
          node("Mul", ["gate", "up"], "gated"),
          ...weights("gate.main", "up.main"),
          listOf("gate.w", [1]),
          listOf("up.w", [1]),
        ),
      ),
    );
    expect(ofType(received, "Split").map(({ outputs }) => outputs)).toEqual([["gate", "up"]]);
    expect(ofType(received, "MatMul")).toHaveLength(1);
    expect(ofType(received, "Add")).toHaveLength(1);
    expect(ofType(received, "Concat").map(({ inputs }) => inputs)).toContainEqual(["gate.w", "up.w"]);
  });

  test.each([
    ["of different inputs", [bits("x", "a", 8), bits("y", "b", 8)], ["a", "b"]],
    ["whose weights are no constants", [bits("x", "a", 8), bits("x", "b", 8)], ["a"]],
    ["with group indices", [bits("x", "a", 8, "", "index"), bits("x", "b", 8, "", "index")], ["a", "b"]],
    ["of which one has zero points", [bits("x", "a", 8), bits("x", "b", 8, "a.q")], ["a", "b"]],
  ])("%s stay apart", (_, nodes, constants) => {
    expect(mergedProjections(model(...nodes, ...weights(...constants)))).toBeUndefined();
  });
});

test("weights that are reshaped for one node and read as they are by another are inputs for a while", () => {
  const nodes = [node("Reshape", ["both", "shape"], "a"), node("Gather", ["both", "ids"], "b")];
  const other = [node("Reshape", ["alone", "shape"], "c")];
  const original = model(...nodes, ...other, listOf("both", [1, 2]), listOf("alone", [1]), scalar("shape", 2));
  const { model: changed, names } = withSharedConstants(original);
  expect([...names]).toEqual(["both"]);
  expect(read(changed).inputs).toEqual(["both"]);
  expect(read(withoutInputs(changed, names))).toMatchObject({ inputs: [], nodes: read(original).nodes });
});
