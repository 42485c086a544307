/** Routes without a model: uploads, batches, cancellations. */
import { jest } from "@jest/globals";
import { FarthingError } from "../../../core/errors.ts";
import { createMemoryOnceStore } from "../../../core/idempotency/memory-once-store.ts";
import { createOnce, once } from "../../../core/idempotency/once.ts";
import type { HttpResponse } from "../../../core/protocols/spec/http.ts";
import { fakeClock, requestTo } from "../serving/world.ts";

function world() {
  const { clock } = fakeClock();
  let tokens = 0;
  const parts = createOnce({
    ...{ store: createMemoryOnceStore(), clock, newToken: () => `t${tokens++}` },
    ...{ behind: () => {}, emitUsage: () => {}, onFailed: () => {} },
  });
  return (produce: () => Promise<HttpResponse>) =>
    once(
      {
        ...{ tenant: "acme", route: "/v1/files", key: "k", request: requestTo("/v1/files"), requestId: "r" },
        ...{ deadlineMillis: clock.epochMillis() + 1_000, streams: false },
        failed: (error) => ({ status: error.status, headers: {}, body: error.code }),
      },
      parts,
      produce,
    );
}
const answering = (body: string, status = 200) => jest.fn(async () => ({ status, headers: {}, body }));
const throwing = (code: "invalid_field" | "internal") =>
  jest.fn(async (): Promise<HttpResponse> => {
    throw new FarthingError(code, "no");
  });

test("the second is answered as the first was", async () => {
  const ask = world();
  const second = answering("file-2");
  expect(await ask(answering("file-1"))).toEqual({ status: 200, headers: {}, body: "file-1" });
  expect(String((await ask(second)).body)).toBe("file-1");
  expect(second).not.toHaveBeenCalled();
});

test("a mistake of the caller's leaves the key free; a fault of ours is the answer", async () => {
  const ask = world();
  await expect(ask(throwing("invalid_field"))).rejects.toMatchObject({ code: "invalid_field" });
  expect(await ask(throwing("internal"))).toMatchObject({ status: 500, body: "internal" });
  const third = answering("never");
  expect(await ask(third)).toMatchObject({ status: 500 });
  expect(third).not.toHaveBeenCalled();
});

test("an answer that is too large to be kept says so to a repeat, and is not made again", async () => {
  const ask = world();
  expect((await ask(answering("x".repeat(9_000)))).status).toBe(200);
  await expect(ask(answering("again"))).rejects.toMatchObject({ code: "interrupted" });
});
