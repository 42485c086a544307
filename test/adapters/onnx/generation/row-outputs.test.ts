import fc from "fast-check";
import { eachField, message, text, varint } from "../../../../adapters/onnx/generation/protobuf.ts";
import { rowOutputs } from "../../../../adapters/onnx/generation/row-outputs.ts";

const GRAPH = 7;
const node = (opType: string, outputs: readonly string[]) =>
  message(1, ...outputs.map((output) => message(2, Buffer.from(output))), message(4, Buffer.from(opType)));
const FLOAT16 = 10;
/** [1, 3, any, size] */
const shape = (size: number) => [1, 3, 0, size].map((value) => message(1, ...(value === 0 ? [] : [varint(1, value)])));
const output = (name: string, size = 64) =>
  message(12, message(1, Buffer.from(name)), message(2, message(1, varint(1, FLOAT16), message(2, ...shape(size)))));
const model = (...parts: readonly Uint8Array[]) => Buffer.concat([varint(1, 10), message(GRAPH, ...parts)]);

interface Added {
  readonly operators: string[];
  readonly outputs: { name: string; elementType: number }[];
}

function addedTo(bytes: Uint8Array): Added {
  const added: Added = { operators: [], outputs: [] };
  eachField(bytes, (field, graph) => {
    expect(field).toBe(GRAPH);
    eachField(graph, (part, value) => {
      if (part === 1) eachField(value, (key, content) => void (key === 4 && added.operators.push(text(content))));
      if (part !== 12) return;
      const one = { name: "", elementType: 0 };
      eachField(value, (key, content) => {
        if (key === 1) one.name = text(content);
        else eachField(content, (_, tensor) => eachField(tensor, (__, ___, number) => void (one.elementType = number)));
      });
      added.outputs.push(one);
    });
  });
  return added;
}

test("the rows of every present that attention makes come in one output, of their type", () => {
  const attention = node("GroupQueryAttention", ["out", "present.0.key", "present.0.value"]);
  const bytes = rowOutputs(model(attention, output("logits"), output("present.0.key"), output("present.0.value")));
  const { operators, outputs } = addedTo(bytes as Uint8Array);
  expect(operators.filter((operator) => operator === "Slice")).toHaveLength(2);
  expect(operators.filter((operator) => operator === "Concat")).toHaveLength(1);
  expect(outputs).toEqual([{ name: "farthing.rows", elementType: FLOAT16 }]);
});

test.each([
  ["a graph without a past", model(node("MatMul", ["logits"]), output("logits"))],
  ["a past that is put together by Concat", model(node("Concat", ["present.0.key"]), output("present.0.key"))],
  [
    "one layer of another kind",
    model(
      node("GroupQueryAttention", ["a", "present.0.key"]),
      node("Concat", ["present.1.key"]),
      output("present.0.key"),
      output("present.1.key"),
    ),
  ],
  [
    "heads of different sizes, which do not fit into one output",
    model(
      node("GroupQueryAttention", ["a", "present.0.key", "present.0.value"]),
      output("logits"),
      output("present.0.key", 64),
      output("present.0.value", 32),
    ),
  ],
])("nothing for %s", (_, bytes) => {
  expect(rowOutputs(bytes)).toBeUndefined();
});

test("what is written is read again, whatever the sizes", () => {
  const arbitrary = fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 100_000 }),
      fc.oneof(fc.nat({ max: 2 ** 31 }), fc.uint8Array({ maxLength: 300 })),
    ),
  );
  fc.assert(
    fc.property(arbitrary, (fields) => {
      const bytes = fields.map(([field, value]) =>
        typeof value === "number" ? varint(field, value) : message(field, value),
      );
      const received: unknown[] = [];
      eachField(Buffer.concat(bytes), (field, content, number) => received.push([field, [...content], number]));
      expect(received).toEqual(
        fields.map(([field, value]) => (typeof value === "number" ? [field, [], value] : [field, [...value], 0])),
      );
    }),
  );
});

test("bytes that are no message are an error, never an endless loop", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        rowOutputs(bytes);
      } catch (error) {
        expect((error as Error).message).toContain("protobuf message");
      }
    }),
    { numRuns: 500 },
  );
});
