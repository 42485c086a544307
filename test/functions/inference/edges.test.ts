import fc from "fast-check";
import { receive } from "../../../functions/inference/edges/received.ts";
import { functionUrlEvent, restProxyEvent } from "./events/events.ts";

const DOORS = [
  ["REST proxy", restProxyEvent],
  ["function URL", functionUrlEvent],
] as const;

describe.each(DOORS)("%s", (_, eventOf) => {
  const requestOf = (event: object) => {
    const received = receive(JSON.parse(JSON.stringify(event)));
    if (received.type !== "http") throw new Error("not HTTP");
    return received.request;
  };

  test("method, path, headers by lower-case name, body", () => {
    const headers = { Authorization: "Bearer fk_x", "X-Custom": "Ünicode" };
    expect(requestOf(eventOf({ path: "/v2/models/a%20b/infer", headers, body: "{}" }))).toMatchObject({
      method: "POST",
      path: "/v2/models/a%20b/infer",
      query: {},
      headers: { accept: "*/*", authorization: "Bearer fk_x", "x-custom": "Ünicode" },
      body: Buffer.from("{}"),
    });
  });

  test("no body is an empty one", () => {
    expect(requestOf(eventOf({ method: "GET", path: "/v2" })).body).toHaveLength(0);
  });

  test("a query that is there", () => {
    const event = { ...eventOf({ method: "GET", path: "/v2" }), queryStringParameters: { a: "1" } };
    expect(requestOf(event).query).toEqual({ a: "1" });
  });

  test("any bytes and any text arrive as they were sent", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: "grapheme" })), (body) => {
        expect(Buffer.from(requestOf(eventOf({ path: "/", body })).body)).toEqual(Buffer.from(body as string));
      }),
    );
  });
});

test("a forwarded request is told apart", () => {
  const event = { farthing: "infer/1", requestId: "r" };
  expect(receive(event)).toEqual({ type: "forwarded", event });
});

test.each([[{}], [null], ["hello"], [{ Records: [] }], [{ farthing: "other/1" }]])("%j is none of them", (event) => {
  expect(() => receive(event)).toThrow("was sent none of them");
});
