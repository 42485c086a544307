import { fingerprintOf, onceName } from "../../../core/idempotency/idempotency-key.ts";
import { requestTo } from "../serving/world.ts";

const form = (boundary: string, content: string, quote = "") =>
  fingerprintOf(
    requestTo("/v1/files", {
      headers: { "content-type": `multipart/form-data; boundary=${quote}${boundary}${quote}` },
      body: Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="file"\r\n\r\n${content}\r\n--${boundary}--\r\n`,
      ),
    }),
  );

test("a form sent again with a new boundary is the same; with another file it is another", () => {
  expect(form("xyz", "a file")).toBe(form("abc123", "a file"));
  expect(form("xyz", "a file")).toBe(form("x y.z", "a file", '"'));
  expect(form("xyz", "a file")).not.toBe(form("xyz", "another"));
});

test("address, query and body make a request what it is; headers and the order of a query do not", () => {
  const request = requestTo("/v1/a", { query: { a: "1", b: "2" } });
  expect(fingerprintOf({ ...request, query: { b: "2", a: "1" }, headers: { accept: "x" } })).toBe(
    fingerprintOf(request),
  );
  const others = [
    { ...request, path: "/v1/b" },
    { ...request, query: {} },
    { ...request, body: Buffer.from("other") },
  ];
  expect(new Set([request, ...others].map(fingerprintOf)).size).toBe(4);
});

test("a name is of its tenant, its route and its key", () => {
  const ids = [onceName("a", "/r", "k"), onceName("a", "/r", "l"), onceName("a", "/s", "k")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  expect(onceName("a", "/r", "k").id).toMatch(/^[0-9a-f]{64}$/);
});
