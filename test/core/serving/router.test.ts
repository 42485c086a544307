import fc from "fast-check";
import { PROTOCOLS } from "../../../core/protocols/protocols.ts";
import { createRouter } from "../../../core/serving/router.ts";
import { first, second } from "./world.ts";

const router = createRouter([first, second]);
const found = (method: string, path: string) => {
  const match = router.match(method, path);
  return match.type === "route" ? [match.route.path, match.parameters] : match.type;
};

test.each([
  ["GET", "/v2", "/v2", {}],
  ["GET", "/v2/", "/v2", {}],
  ["HEAD", "/v2", "/v2", {}],
  ["GET", "/v2/models/digits", "/v2/models/{name}", { name: "digits" }],
  ["GET", "/v2/models/digits/ready", "/v2/models/{name}/ready", { name: "digits" }],
  ["POST", "/v2/models/a%20b%2Fc/infer", "/v2/models/{name}/infer", { name: "a b/c" }],
  ["GET", "/v2/models/ready", "/v2/models/{name}", { name: "ready" }],
  ["GET", "/v1/models", "/v1/models", {}],
])("%s %s matches %s", (method, path, route, parameters) => {
  expect(found(method, path)).toEqual([route, parameters]);
});

test.each(["/v2/models", "/v2/models//infer", "/v2/models/%zz", "/v2/models/a/b/c", "/v2//", ""])(
  "%p is no path",
  (path) => {
    expect(found("GET", path)).toBe("unknown");
  },
);

test("a path with another method names those that are allowed", () => {
  expect(router.match("DELETE", "/v2/models/digits")).toMatchObject({
    type: "wrong-method",
    allowed: ["GET", "HEAD", "OPTIONS"],
  });
  expect(router.match("GET", "/v2/models/digits/infer")).toMatchObject({ allowed: ["POST", "OPTIONS"] });
});

test("unknown paths belong to the protocol of their prefix, others to the first one", () => {
  expect(router.match("GET", "/v1/nothing").protocol).toBe(second);
  expect(router.match("GET", "/v2/nothing").protocol).toBe(first);
  expect(router.match("GET", "/v20").protocol).toBe(first);
  expect(router.match("GET", "/favicon.ico").protocol).toBe(first);
});

test("two routes for one method and path are a mistake", () => {
  expect(() => createRouter([first, first])).toThrow("two routes answer GET /v2");
});

test("every route of every real protocol is reached by its own path, with its parameters decoded", () => {
  const real = createRouter(PROTOCOLS);
  const routes = PROTOCOLS.flatMap((protocol) => protocol.routes);
  expect(routes.length).toBeGreaterThan(5);
  fc.assert(
    fc.property(fc.constantFrom(...routes), fc.string({ minLength: 1, unit: "grapheme" }), (route, value) => {
      const path = route.path.replace(/\{[a-z]+\}/gi, encodeURIComponent(value));
      const match = real.match(route.method, path);
      expect(match.type === "route" && match.route.path).toBe(route.path);
      expect(match.type === "route" && Object.values(match.parameters).every((parameter) => parameter === value)).toBe(
        true,
      );
    }),
  );
});

test("no path, however odd, throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (path) => {
      expect(["unknown", "route", "wrong-method"]).toContain(router.match("GET", `/${path}`).type);
    }),
  );
});
