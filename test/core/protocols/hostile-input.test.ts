/**
 * Whatever comes in, a decoder answers or throws one of our errors with a status of the 4xx class: never a crash, and never
 * work beyond what the size of the input explains (the large cases would not end in a test's time if it were quadratic).
 */
import fc from "fast-check";
import { isFarthingError } from "../../../core/errors.ts";
import type { ModelVersion } from "../../../core/models/registry.ts";
import { decodeForwardEvent, encodeForwardEvent } from "../../../core/protocols/forward/event.ts";
import { decodeForwardResponse, encodeForwardResponse } from "../../../core/protocols/forward/response.ts";
import { DIGEST, decodeInfer, echoVersion, inferenceRoute, request, USAGE, versionOf } from "./fixture-model.ts";
import { arbitraryTensor, DATA_TYPES } from "./tensors/arbitrary-tensor.ts";

const EMBEDDER = versionOf({ inputs: [], outputs: [{ name: "e", dataType: "FP32", shape: [-1, 8] }] }, "embedding");
const VERSIONS: readonly ModelVersion[] = DATA_TYPES.flatMap((dataType) => [
  echoVersion(dataType, [-1, -1]),
  echoVersion(dataType, []),
]);

type Outcome = "decoded" | "refused";

function outcome(decode: () => unknown, statuses: (status: number) => boolean): Outcome {
  try {
    decode();
    return "decoded";
  } catch (error) {
    if (isFarthingError(error) && statuses(error.status)) return "refused";
    throw error;
  }
}

const isCallersFault = (status: number) => status >= 400 && status < 500;

const infer = (version: ModelVersion, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
  outcome(() => decodeInfer(version, body, headers), isCallersFault);

const embed = (body: string | Uint8Array) =>
  outcome(() => inferenceRoute("/v1/embeddings").open(request(body), {}).decode(EMBEDDER), isCallersFault);

const arbitraryVersion = fc.constantFrom(...VERSIONS);
const arbitraryHeaders = fc.oneof(
  fc.constant({}),
  fc
    .oneof(fc.nat(200).map(String), fc.string({ maxLength: 4 }))
    .map((length) => ({ "inference-header-content-length": length })),
);

/** A valid body with bytes changed, removed, doubled or moved. */
const mutated = (body: Uint8Array) =>
  fc
    .array(
      fc.record({
        at: fc.nat(body.length - 1),
        length: fc.integer({ min: 0, max: 12 }),
        bytes: fc.oneof(
          fc.uint8Array({ maxLength: 4 }),
          fc
            .constantFrom(
              "[",
              "]",
              "{",
              "}",
              ",",
              '"',
              "-",
              "null",
              "1e999",
              "9007199254740993",
              "NaN",
              "\\u",
              "__proto__",
            )
            .map((text) => new TextEncoder().encode(text)),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((changes) =>
      changes.reduce<Uint8Array>(
        (bytes, { at, length, bytes: inserted }) =>
          new Uint8Array([...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at + length)]),
        body,
      ),
    );

/** Values that look like the parts of a request, in wrong places too. */
const { value: arbitraryValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e300, 2 ** 31, "", "x", "FP32", "INT64", "BYTES", "BOOL"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(
        "name",
        "shape",
        "datatype",
        "data",
        "parameters",
        "binary_data_size",
        "__proto__",
        "constructor",
      ),
      tie("value"),
      { maxKeys: 5 },
    ),
  ),
}));

const arbitraryRequest = fc.dictionary(
  fc.constantFrom("inputs", "outputs", "id", "parameters", "model_name", "__proto__", "toString", "model", "input"),
  fc.oneof(arbitraryValue, fc.array(arbitraryValue, { maxLength: 3 })),
);

const RUNS = { numRuns: 3000 };

test("random bytes", () => {
  fc.assert(
    fc.property(arbitraryVersion, fc.uint8Array({ maxLength: 64 }), arbitraryHeaders, (version, body, headers) => {
      infer(version, body, headers);
      expect(embed(body)).toBe("refused");
    }),
    RUNS,
  );
});

test("requests with every part in the wrong place", () => {
  fc.assert(
    fc.property(arbitraryVersion, arbitraryRequest, arbitraryHeaders, (version, body, headers) => {
      const text = JSON.stringify(body);
      infer(version, text, headers);
      embed(text);
    }),
    RUNS,
  );
});

test.each(DATA_TYPES)("damaged requests of %s", (dataType) => {
  const version = echoVersion(dataType, [-1, 2]);
  const data = dataType === "BOOL" ? [true, false] : dataType === "BYTES" ? ["a", "b"] : [1, 2];
  const json = JSON.stringify({ id: "7", inputs: [{ name: "x", shape: [1, 2], datatype: dataType, data }] });
  expect(infer(version, json)).toBe("decoded");
  fc.assert(
    fc.property(mutated(new TextEncoder().encode(json)), (body) => {
      infer(version, body);
    }),
    { numRuns: 400 },
  );

  const parameters = { binary_data_size: 10 };
  const head = JSON.stringify({ inputs: [{ name: "x", shape: [1, 2], datatype: dataType, parameters }] });
  const bytes = new TextEncoder().encode(`${head}0123456789`);
  fc.assert(
    fc.property(mutated(bytes), fc.integer({ min: head.length - 2, max: head.length + 2 }), (body, length) => {
      infer(version, body, { "inference-header-content-length": String(length) });
    }),
    { numRuns: 400 },
  );
});

test("damaged embedding requests", () => {
  const body = JSON.stringify({ model: "m", input: ["a", "b"], encoding_format: "base64", dimensions: 4 });
  expect(embed(body)).toBe("decoded");
  fc.assert(
    fc.property(mutated(new TextEncoder().encode(body)), (bytes) => {
      embed(bytes);
    }),
    RUNS,
  );
});

test("damaged traffic between deployments", () => {
  fc.assert(
    fc.property(
      arbitraryTensor().chain((tensor) => {
        const address = { requestId: "r", deadlineMillis: 1, model: "m", version: DIGEST };
        const event = encodeForwardEvent({ type: "infer", ...address, request: { type: "tensors", inputs: [tensor] } });
        const result = { type: "tensors", outputs: [tensor], usage: USAGE } as const;
        return fc.tuple(
          mutated(new TextEncoder().encode(event)),
          mutated(encodeForwardResponse({ type: "result", result })),
        );
      }),
      ([eventBytes, responseBytes]) => {
        let event: unknown;
        try {
          event = JSON.parse(new TextDecoder().decode(eventBytes));
        } catch {
          event = undefined; // The Lambda runtime parses events: what is no JSON never arrives.
        }
        outcome(() => decodeForwardEvent(event), isCallersFault);
        outcome(
          () => decodeForwardResponse(responseBytes),
          (status) => status === 503,
        );
      },
    ),
    { numRuns: 800 },
  );
});

describe("large", () => {
  const FP32 = echoVersion("FP32", [-1, -1]);
  const INT64 = echoVersion("INT64", [-1, -1]);
  const N = 300_000;
  const input = (data: string, shape = "[1,1]", datatype = "FP32") =>
    `{"inputs":[{"name":"x","shape":${shape},"datatype":"${datatype}","data":${data}}]}`;
  const many = (text: string, count = N) => new Array<string>(count).fill(text).join(",");

  test.each<[string, ModelVersion, string]>([
    ["data nested three hundred thousand deep", FP32, input("[".repeat(N) + "]".repeat(N))],
    [
      "as deep, with a long integer that asks for a second reading",
      INT64,
      `{"id":${"[".repeat(N)}${"]".repeat(N)},${input("[9007199254740993]", "[1,1]", "INT64").slice(1)}`,
    ],
    ["brackets that never close", FP32, "[".repeat(N)],
    ["a body of quotes", FP32, `{${'"'.repeat(N)}`],
    ["a body of escaped quotes", FP32, `{"${'\\"'.repeat(N)}`],
    ["a shape of three hundred thousand sizes", FP32, input("[1]", `[${many("1")}]`)],
    ["a shape that no memory holds", FP32, input("[1]", "[2147483648,2147483648]")],
    ["a shape beyond what numbers hold", FP32, input("[1]", "[9007199254740991,9007199254740991]")],
    ["a nested shape that no memory holds", FP32, input("[[1]]", "[1,9007199254740991]")],
    ["an integer of as many digits", INT64, input(`[${"9".repeat(N)}]`, "[1,1]", "INT64")],
    [
      "as many long integers and one too long",
      INT64,
      input(`[${many("9007199254740993")},${"9".repeat(21)}]`, `[1,${N + 1}]`, "INT64"),
    ],
    ["as many inputs", FP32, `{"inputs":[${many("{}")}]}`],
    ["as many outputs", FP32, `{"outputs":[${many('{"name":"y"}')}],"inputs":[]}`],
    ["as many unknown fields", FP32, `{${Array.from({ length: N }, (_, index) => `"f${index}":1`).join(",")}}`],
    ["as many rows, the last one short", FP32, input(`[${many("[1]")},[]]`, `[${N + 1},1]`)],
    ["as many spaces after a comma", FP32, `{"a":[1,${" ".repeat(N)}x]}`],
  ])("%s is refused", (_, version, body) => {
    expect(infer(version, body)).toBe("refused");
  });

  test("as many long integers are read", () => {
    expect(infer(INT64, input(`[${many("9007199254740993")}]`, `[1,${N}]`, "INT64"))).toBe("decoded");
  });

  test("a binary string that claims four gigabytes", () => {
    const head = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"BYTES","parameters":{"binary_data_size":4}}]}';
    const body = new Uint8Array([...new TextEncoder().encode(head), 0xff, 0xff, 0xff, 0xff]);
    const headers = { "inference-header-content-length": String(head.length) };
    expect(infer(echoVersion("BYTES", [-1, -1]), body, headers)).toBe("refused");
  });

  test("as many embedding inputs are refused", () => {
    expect(embed(`{"model":"m","input":[${many('"a"')}]}`)).toBe("refused");
    expect(embed(`{"model":"m","input":${"[".repeat(N)}${"]".repeat(N)}}`)).toBe("refused");
  });
});

test("of a key that stands twice the last one counts, in tensors and in their exact form alike", () => {
  const body = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"INT64","data":[1],"data":[9007199254740993]}]}';
  const { request: work } = decodeInfer(echoVersion("INT64", [-1, -1]), body);
  expect(work.inputs).toEqual([
    { name: "x", dataType: "INT64", shape: [1, 1], data: BigInt64Array.of(9007199254740993n) },
  ]);
});
