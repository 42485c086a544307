import { PROTOCOLS } from "../../../core/protocols/protocols.ts";

test("every route lies below its protocol's prefix, and no two routes are the same", () => {
  const keys = PROTOCOLS.flatMap(({ prefix, routes }) => {
    for (const { path } of routes) expect(path === prefix || path.startsWith(`${prefix}/`)).toBe(true);
    return routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
  });
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.sort()).toEqual([
    "DELETE /v1/files/{}",
    "DELETE /v1/jobs/{}",
    "GET /v1/batches",
    "GET /v1/batches/{}",
    "GET /v1/files",
    "GET /v1/files/{}",
    "GET /v1/files/{}/content",
    "GET /v1/health",
    "GET /v1/jobs",
    "GET /v1/jobs/{}",
    "GET /v1/models",
    "GET /v1/models/{}",
    "GET /v1/usage",
    "GET /v2",
    "GET /v2/health/live",
    "GET /v2/health/ready",
    "GET /v2/models",
    "GET /v2/models/{}",
    "GET /v2/models/{}/ready",
    "GET /v2/models/{}/versions/{}",
    "GET /v2/models/{}/versions/{}/ready",
    "POST /v1/batches",
    "POST /v1/batches/{}/cancel",
    "POST /v1/chat/completions",
    "POST /v1/completions",
    "POST /v1/embeddings",
    "POST /v1/files",
    "POST /v1/moderations",
    "POST /v1/rerank",
    "POST /v1/responses",
    "POST /v2/models/{}/infer",
    "POST /v2/models/{}/versions/{}/infer",
    "POST /v2/repository/index",
  ]);
});

test("only health and server metadata are open", () => {
  const open = PROTOCOLS.flatMap(({ routes }) => routes)
    .filter((route) => route.kind === "document" && route.open)
    .map(({ path }) => path);
  expect(open.sort()).toEqual(["/v1/health", "/v2", "/v2/health/live", "/v2/health/ready"]);
});
