import fc from "fast-check";
import { PreludeReader } from "../../../local/api-gateway/prelude.ts";
import type { ApiResource } from "../../../local/api-gateway/rest-api.ts";
import { RouteTable } from "../../../local/api-gateway/routes.ts";
import { TokenBucket } from "../../../local/api-gateway/throttle.ts";

test("metadata is found wherever the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.record({
        status: fc.integer({ min: 200, max: 599 }),
        headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.stringMatching(/^[!-~]{0,20}$/), {
          noNullPrototype: true,
        }),
        body: fc.uint8Array({ maxLength: 64 }),
        cuts: fc.array(fc.nat(400), { maxLength: 6 }),
      }),
      ({ status, headers, body, cuts }) => {
        const metadata = Buffer.from(JSON.stringify({ statusCode: status, headers }));
        const bytes = Buffer.concat([metadata, Buffer.alloc(8), body]);
        const edges = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
        const reader = new PreludeReader();
        const rest: Buffer[] = [];
        let found: ReturnType<PreludeReader["push"]>;
        for (let index = 1; index < edges.length; index++) {
          const chunk = bytes.subarray(edges[index - 1], edges[index]);
          if (found === undefined) {
            found = reader.push(chunk);
            if (found !== undefined) rest.push(found.rest);
          } else rest.push(chunk);
        }
        expect(found?.prelude.status).toBe(status);
        expect(Object.fromEntries(found?.prelude.headers ?? [])).toEqual(
          Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
        );
        expect([...Buffer.concat(rest)]).toEqual([...body]);
      },
    ),
  );
});

test("no metadata, however broken, does anything but succeed or throw an Error; nothing is taken over 16 KiB", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 6_000 }), { maxLength: 6 }), (chunks) => {
      const reader = new PreludeReader();
      let bytes = 0;
      try {
        for (const chunk of chunks) {
          if (reader.push(chunk) !== undefined) return;
          bytes += chunk.length;
          expect(bytes).toBeLessThanOrEqual(16 * 1024 + 8);
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      }
    }),
  );
});

const segment = fc.constantFrom("a", "b", "{x}", "{p+}");
const template = fc
  .array(segment, { maxLength: 4 })
  .map((parts) => `/${parts.slice(0, parts.includes("{p+}") ? parts.indexOf("{p+}") + 1 : undefined).join("/")}`);

/** Slow and plain: every template that fits, the most specific from the left first. */
function bestMatch(templates: readonly string[], path: string): string | undefined {
  const rank = (part: string) => (part === "{p+}" ? 2 : part.startsWith("{") ? 1 : 0);
  const segments = path
    .split("/")
    .slice(1)
    .filter((part) => part !== "");
  const fits = templates.filter((candidate) => {
    const parts = candidate
      .split("/")
      .slice(1)
      .filter((part) => part !== "");
    const greedy = parts.at(-1) === "{p+}";
    if (greedy ? segments.length < parts.length : segments.length !== parts.length) return false;
    return parts.every((part, index) => part.startsWith("{") || part === segments[index]);
  });
  const key = (candidate: string) => candidate.split("/").slice(1).map(rank).join("");
  return fits.sort((a, b) => (key(a) < key(b) ? -1 : 1))[0];
}

test("a path goes to the most specific of the resources that fit it", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(template, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 5 }),
      (templates, segments) => {
        const resources = new Map<string, ApiResource>(
          templates.map((path) => [path, { id: path, path, methods: new Map() }]),
        );
        const path = `/${segments.join("/")}`;
        expect(new RouteTable({ resources }).match(path)?.resource.path).toBe(bestMatch(templates, path));
      },
    ),
    { numRuns: 500 },
  );
});

test("a bucket never lets more through than its burst and its rate allow", () => {
  fc.assert(
    fc.property(
      fc.record({ requestsPerSecond: fc.integer({ min: 0, max: 1_000 }), burst: fc.integer({ min: 0, max: 50 }) }),
      fc.array(fc.integer({ min: -5, max: 500 }), { maxLength: 200 }),
      (limit, steps) => {
        const bucket = new TokenBucket(limit);
        let now = 0;
        let latest = 0;
        let passed = 0;
        for (const step of steps) {
          now += step;
          latest = Math.max(latest, now);
          if (bucket.take(now)) passed++;
        }
        expect(passed).toBeLessThanOrEqual(limit.burst + (latest * limit.requestsPerSecond) / 1000 + 1e-6);
      },
    ),
  );
});
