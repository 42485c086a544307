import { classifierAccuracy, differenceOf, type Group } from "../../../bench/key-timing/paired-times.ts";
import { seededRandom } from "../../../bench/seeded-random.ts";

/** Times of 1,000 that drift upwards, with a fifth of noise and now and then one that is ten times as slow. */
function groups(count: number, added: number): readonly Group[] {
  const random = seededRandom(7);
  let drift = 0;
  const time = (more: number): number => {
    drift += 0.05;
    const slow = random() < 0.01 ? 9_000 : 0;
    return 1_000 + drift + 200 * (random() - 0.5) + more + slow;
  };
  return Array.from({ length: count }, (_, index): Group => {
    const outerIsFirst = index % 2 === 0;
    const [outer, inner] = outerIsFirst ? [0, added] : [added, 0];
    const before = time(outer);
    const inside = [time(inner), time(inner)] as const;
    const outside = [before, time(outer)] as const;
    return outerIsFirst ? { first: outside, second: inside } : { first: inside, second: outside };
  });
}

test("alike kinds do not differ, however they drift; the margin says how well that is known", () => {
  const { share, margin } = differenceOf(groups(4_000, 0));
  expect(Math.abs(share)).toBeLessThanOrEqual(margin);
  expect(margin).toBeLessThan(0.005);
  expect(classifierAccuracy(groups(4_000, 0))).toBeLessThan(0.52);
});

test("a difference of one in a hundred is seen, with its sign", () => {
  const { share, margin } = differenceOf(groups(4_000, -12));
  expect(share).toBeLessThan(-0.005);
  expect(Math.abs(share + 0.01)).toBeLessThan(2 * margin);
});

test("a classifier learns what tells them apart, in either direction", () => {
  const apart = (first: number, second: number): readonly Group[] =>
    Array.from({ length: 10 }, () => ({ first: [first, first], second: [second, second] }));
  expect(classifierAccuracy(apart(1, 2))).toBe(1);
  expect(classifierAccuracy(apart(2, 1))).toBe(1);
});
