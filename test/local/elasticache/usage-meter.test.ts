import fc from "fast-check";
import { createUsageMeter } from "../../../local/elasticache/usage-meter.ts";

const command = (...args: readonly string[]): Buffer =>
  Buffer.from(`*${args.length}\r\n${args.map((text) => `$${text.length}\r\n${text}\r\n`).join("")}`);

function units(work: (meter: ReturnType<typeof createUsageMeter>) => void): number {
  let sum = 0;
  work(createUsageMeter((more) => (sum += more)));
  return sum;
}

test("a small command takes one unit, a large one as many as its kilobytes", () => {
  expect(units((meter) => meter.request(command("GET", "a:x")))).toBe(1);
  const large = command("SET", "a:x", "x".repeat(3 * 1024));
  expect(units((meter) => meter.request(large))).toBeCloseTo(large.length / 1024, 6);
});

test("a large answer takes its kilobytes, of which the command has paid one", () => {
  const sum = units((meter) => {
    meter.request(command("GET", "a:x"));
    meter.reply(Buffer.alloc(5 * 1024));
  });
  expect(sum).toBe(5);
});

test("it does not matter how the bytes are cut", () => {
  const commands = fc.array(fc.array(fc.stringMatching(/^[a-z\r\n$*]{0,40}$/), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 50 }), (all, size) => {
      const bytes = Buffer.concat(all.map((args) => command(...args)));
      const sum = units((meter) => {
        for (let at = 0; at < bytes.length; at += size) meter.request(bytes.subarray(at, at + size));
      });
      expect(sum).toBe(all.length);
    }),
  );
});
