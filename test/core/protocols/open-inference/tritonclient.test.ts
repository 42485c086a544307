/** What the official client sends, recorded by test/fixtures/open-inference/make-tritonclient-requests.py. */
import { readFileSync } from "node:fs";
import type { DataType, Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { bfloat16Value } from "../../../../core/protocols/tensors/float16.ts";
import { answeredBy, decodeInfer, echoVersion, tensorResult } from "../fixture-model.ts";

interface Recorded {
  readonly datatype: DataType;
  readonly form: "binary" | "json";
  readonly values: readonly unknown[];
  readonly headerLength: number | null;
  readonly body: string;
}

const fixture = new URL("../../../fixtures/open-inference/tritonclient-requests.json", import.meta.url);
const { requests } = JSON.parse(readFileSync(fixture, "utf8")) as { readonly requests: readonly Recorded[] };

/** Elements in the form of the fixture: integers as text, floats as numbers. */
function plainValues({ dataType, data }: Tensor): unknown[] {
  if (!ArrayBuffer.isView(data)) return [...data];
  const { buffer, byteOffset, length } = data;
  if (dataType === "BOOL") return Array.from(data as Uint8Array, (value) => value === 1);
  if (dataType === "FP16") return Array.from(new Float16Array(buffer, byteOffset, length));
  if (dataType === "BF16") return Array.from(data as Uint16Array, bfloat16Value);
  const values: (number | bigint)[] = [...(data as Float64Array | BigInt64Array)];
  return dataType.includes("INT") ? values.map(String) : values;
}

const decodeRecorded = ({ datatype, headerLength, body }: Recorded) =>
  decodeInfer(
    echoVersion(datatype, [-1, 2]),
    Buffer.from(body, "base64"),
    headerLength === null ? {} : { "inference-header-content-length": String(headerLength) },
  );

test("the fixture covers every datatype, in binary and (but for the 16-bit floats) in JSON", () => {
  expect(requests.filter(({ form }) => form === "binary")).toHaveLength(14);
  expect(requests.filter(({ form }) => form === "json")).toHaveLength(12);
});

test.each(requests)("$datatype as $form: every value arrives, and goes back as it came", (recorded) => {
  const { request, encode } = decodeRecorded(recorded);
  if (request.type !== "tensors") throw new Error("decoded embeddings");
  const [tensor] = request.inputs as readonly [Tensor];
  expect(tensor).toMatchObject({ name: "x", dataType: recorded.datatype, shape: [2, 2] });
  expect(plainValues(tensor)).toEqual(recorded.values);
  expect(request.outputs).toEqual(["y"]);

  const version = echoVersion(recorded.datatype, [-1, 2]);
  const response = encode(tensorResult({ ...tensor, name: "y" }), answeredBy(version));
  if (recorded.form === "json") {
    expect(response.headers).toEqual({ "content-type": "application/json" });
    return;
  }
  const body = response.body as Uint8Array;
  const length = Number(response.headers["inference-header-content-length"]);
  expect(response.headers["content-type"]).toBe("application/octet-stream");
  expect(
    Buffer.from(body.subarray(length)).equals(
      Buffer.from(recorded.body, "base64").subarray(recorded.headerLength ?? 0),
    ),
  ).toBe(true);
});
