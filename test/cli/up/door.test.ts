import { join, resolve } from "node:path";
import { doorOf } from "../../../cli/up/door.ts";

const fixtures = resolve(import.meta.dirname, "../../fixtures/tls");
const tlsCert = join(fixtures, "cert.pem");
const tlsKey = join(fixtures, "key.pem");
const now = new Date("2030-01-01");

test("nothing said: plain HTTP on the loopback interface", () => {
  expect(doorOf({}, now)).toBeUndefined();
  expect(doorOf({ host: "127.0.0.1" }, now)).toEqual({ host: "127.0.0.1" });
});

test("with certificate and key the API may be open to other machines", () => {
  expect(doorOf({ host: "0.0.0.0", tlsCert, tlsKey }, now)).toMatchObject({
    host: "0.0.0.0",
    tls: { certificate: expect.stringContaining("BEGIN CERTIFICATE"), key: expect.stringContaining("PRIVATE KEY") },
  });
});

test.each([
  [{ host: "0.0.0.0" }, "needs --tls-cert and --tls-key, or --tls-self-made"],
  [{ tlsCert }, "only --tls-cert was given"],
  [{ tlsKey }, "only --tls-key was given"],
  [{ tlsCert: join(fixtures, "absent.pem"), tlsKey }, "absent.pem cannot be read"],
])("%j is refused, with the reason", (options, reason) => {
  expect(() => doorOf(options, now)).toThrow(reason);
});

test("a certificate out of its time is refused", () => {
  expect(() => doorOf({ tlsCert, tlsKey }, new Date("2300-01-01"))).toThrow("has expired");
  expect(() => doorOf({ tlsCert, tlsKey }, new Date("2020-01-01"))).toThrow("is not valid before");
});
