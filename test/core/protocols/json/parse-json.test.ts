import { parseJsonObject, refuseCompressedBody } from "../../../../core/protocols/json/parse-json.ts";
import { errorOf, request } from "../fixture-model.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["", "The body is not JSON: it is empty; it must be a JSON object."],
  ["[1]", "The body is an array of 1; it must be a JSON object."],
  ['"a"', 'The body is "a"; it must be a JSON object.'],
  ["null", "The body is null; it must be a JSON object."],
  ['{"data":[0.5,NaN]}', "The body is not JSON: JSON has no NaN, as at position 13; send numbers."],
  ['{"data":[ -Infinity ]}', "The body is not JSON: JSON has no -Infinity, as at position 10; send numbers."],
])("%s", (text, message) => {
  expect(errorOf(() => parseJsonObject(bytes(text)))).toMatchObject({ code: "malformed_body", message });
});

test("a syntax error says where, without line breaks", () => {
  const { code, message } = errorOf(() => parseJsonObject(bytes('{\n"a": 1,\n}')));
  expect(code).toBe("malformed_body");
  expect(message).toMatch(/^The body is not JSON: Expected double-quoted property name .*position 10/);
  expect(message).not.toContain("\n");
});

test("NaN inside a string is not blamed for another mistake", () => {
  const { message } = errorOf(() => parseJsonObject(bytes('{"a":"x, NaN, y" 1}')));
  expect(message).toContain("Expected ',' or '}' after property value");
});

test("bytes that are not UTF-8", () => {
  expect(errorOf(() => parseJsonObject(Uint8Array.of(0x7b, 0xff, 0x7d))).message).toContain("not valid UTF-8");
});

test("__proto__ is a key like any other", () => {
  const object = parseJsonObject(bytes('{"__proto__":{"polluted":1}}'));
  expect(Object.keys(object)).toEqual(["__proto__"]);
  expect(object.polluted).toBeUndefined();
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test("a compressed body is refused by name of the header", () => {
  expect(errorOf(() => refuseCompressedBody(request("x", { "content-encoding": "gzip" })))).toMatchObject({
    code: "invalid_field",
    field: "content-encoding",
    message: 'The header content-encoding is "gzip"; send the body uncompressed, without this header.',
  });
  expect(() => refuseCompressedBody(request("x", { "content-encoding": "identity" }))).not.toThrow();
});
