import fc from "fast-check";
import { callerDeadline, DEADLINE_HEADER } from "../../../core/serving/caller-deadline.ts";

const request = (headers: Readonly<Record<string, string>>) => ({
  method: "POST",
  path: "/",
  query: {},
  headers,
  body: new Uint8Array(0),
});

test("the sooner of what the deployment allows and what the caller asks for", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 999_999_999 }), (now, allowed, millis) => {
      expect(callerDeadline(request({}), now, allowed)).toBe(allowed);
      expect(callerDeadline(request({ [DEADLINE_HEADER]: `${millis}` }), now, allowed)).toBe(
        Math.min(allowed, now + millis),
      );
    }),
  );
});

test.each(["0", "-5", "1.5", "soon", "", "1e3", "9999999999"])("%j is refused", (text) => {
  expect(() => callerDeadline(request({ [DEADLINE_HEADER]: text }), 0, 1000)).toThrow(
    expect.objectContaining({ code: "invalid_field", field: DEADLINE_HEADER }),
  );
});
