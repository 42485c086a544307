import { crc32 } from "node:zlib";
import fc from "fast-check";
import { encodeEvent } from "../../../local/lambda/api/event-stream.ts";
import { functionArn, parseFunctionReference } from "../../../local/lambda/function-arn.ts";
import { LineSplitter } from "../../../local/lambda/line-splitter.ts";
import { ResponseBody } from "../../../local/lambda/response-body.ts";
import { traceHeader } from "../../../local/lambda/trace-header.ts";

test("lines come out as they went in, however they are cut, and none is longer than the limit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{0,30}$/), { maxLength: 20 }),
      fc.array(fc.nat(600), { maxLength: 8 }),
      fc.integer({ min: 1, max: 16 }),
      (lines, cuts, maxBytes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const received: string[] = [];
        const splitter = new LineSplitter(maxBytes, (line) => received.push(line));
        const edges = [0, ...cuts.map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        for (let index = 1; index < edges.length; index++)
          splitter.push(bytes.subarray(edges[index - 1], edges[index]));
        splitter.end();
        expect(received.every((line) => line.length <= maxBytes)).toBe(true);
        expect(received.join("")).toBe(lines.join(""));
        expect(received.filter((line) => line.length > 0).length).toBe(
          lines.reduce((sum, line) => sum + Math.ceil(line.length / maxBytes), 0),
        );
      },
    ),
  );
});

test("a body delivers every byte in order, whoever is faster", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 40_000 }), fc.boolean()), { maxLength: 12 }),
      async (steps) => {
        const body = new ResponseBody();
        const received: number[] = [];
        const reading = (async () => {
          for await (const chunk of body) received.push(...chunk);
        })();
        for (const [chunk, wait] of steps) {
          const room = body.push(chunk);
          if (!room) await new Promise<void>((resolve) => (body.onDrain = resolve));
          if (wait) await Promise.resolve();
        }
        body.end();
        await reading;
        expect(received).toEqual(steps.flatMap(([chunk]) => [...chunk]));
      },
    ),
    { numRuns: 50 },
  );
});

test("what was pushed before a failure is delivered before it", async () => {
  const body = new ResponseBody();
  body.push(Buffer.from("a"));
  body.fail(new Error("broken"));
  const chunks = body[Symbol.asyncIterator]();
  expect(await chunks.next()).toEqual({ done: false, value: Buffer.from("a") });
  await expect(chunks.next()).rejects.toThrow("broken");
});

test("an event's lengths and checksums are right", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^:?[a-z-]{1,20}$/), fc.string({ maxLength: 40 }), { maxKeys: 5 }),
      fc.uint8Array({ maxLength: 200 }),
      (headers, payload) => {
        const message = encodeEvent(headers, payload);
        const headerBytes = message.readUInt32BE(4);
        expect(message.readUInt32BE(0)).toBe(message.length);
        expect(message.readUInt32BE(8)).toBe(crc32(message.subarray(0, 8)));
        expect(message.readUInt32BE(message.length - 4)).toBe(crc32(message.subarray(0, -4)));
        expect([...message.subarray(12 + headerBytes, -4)]).toEqual([...payload]);
      },
    ),
  );
});

test("a function's ARN is read as it is written", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
      fc.option(fc.oneof(fc.constant("$LATEST"), fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)), { nil: undefined }),
      (name, qualifier) => {
        const wanted = qualifier === undefined ? { name } : { name, qualifier };
        expect(
          parseFunctionReference(functionArn({ region: "us-east-1", accountId: "123456789012" }, name, qualifier)),
        ).toEqual(wanted);
      },
    ),
  );
});

test.each(["", "a b", "arn:aws:s3:::bucket", "x".repeat(65), "function:", "a:b:c:d"])(
  "%j names no function",
  (text) => {
    expect(parseFunctionReference(text)).toBeUndefined();
  },
);

test("a trace goes on with its root; without one it begins unsampled", () => {
  const source = { clock: () => 1_700_000_000_000, randomHex: (bytes: number) => "ab".repeat(bytes) };
  expect(traceHeader(undefined, false, source)).toBe(
    `Root=1-6553f100-${"ab".repeat(12)};Parent=${"ab".repeat(8)};Sampled=0`,
  );
  expect(traceHeader(undefined, true, source)).toMatch(/Sampled=1$/);
  expect(traceHeader("Root=1-2-3;Parent=4;Sampled=1", false, source)).toBe("Root=1-2-3;Parent=4;Sampled=1");
  expect(traceHeader("Root=1-2-3;Sampled=0", true, source)).toBe(`Root=1-2-3;Parent=${"ab".repeat(8)};Sampled=0`);
});
