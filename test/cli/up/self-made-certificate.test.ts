import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDoor } from "../../../cli/up/door.ts";
import { machineNames } from "../../../cli/up/machine-names.ts";
import { selfMadeCertificate } from "../../../cli/up/self-made-certificate.ts";

const root = mkdtempSync(join(tmpdir(), "farthing-test-tls-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newState = (): string => mkdtempSync(join(root, "state-"));
const DAY_MILLIS = 24 * 60 * 60 * 1_000;
const now = new Date();
const daysLater = (days: number): Date => new Date(now.getTime() + days * DAY_MILLIS);

/** A real client that trusts one certificate and nothing else. */
function get(port: number, host: string, trusted: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      servername: host,
      headers: { host },
      ca: trusted,
      agent: false,
    } as const;
    request(options, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .on("error", reject)
      .end();
  });
}

test("a client that trusts it gets through by every name of the machine, one that does not is refused", async () => {
  const { door, selfMade } = await openDoor(
    { host: "127.0.0.1", tlsSelfMade: ["farthing.example.com"] },
    newState(),
    now,
  );
  const server = createServer({ cert: door?.tls?.certificate, key: door?.tls?.key }, (_, response) =>
    response.end("hello"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const trusted = readFileSync(selfMade?.path ?? "", "utf8");
    for (const host of ["localhost", "farthing.example.com"]) expect(await get(port, host, trusted)).toBe("hello");
    await expect(get(port, "other.example.com", trusted)).rejects.toThrow("does not match certificate");
    const another = await selfMadeCertificate(newState(), ["localhost"], now);
    await expect(get(port, "localhost", another.certificate)).rejects.toThrow(/self-signed|unable to verify/);
  } finally {
    server.close();
  }
});

test("it is kept from start to start, its key for this user alone", async () => {
  const state = newState();
  const first = await selfMadeCertificate(state, ["localhost", "::1"], now);
  expect(await selfMadeCertificate(state, ["localhost"], daysLater(700))).toEqual(first);
  expect(statSync(join(state, "tls/key.pem")).mode & 0o777).toBe(0o600);
  expect(statSync(join(state, "tls")).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(state, "tls")).sort()).toEqual(["cert.pem", "key.pem"]);
  expect(first.fingerprint).toBe(new X509Certificate(first.certificate).fingerprint256);
});

const ended: Readonly<Record<string, (state: string) => Promise<unknown> | undefined>> = {
  "when it is about to expire": (state) => selfMadeCertificate(state, ["localhost"], daysLater(800)),
  "when the machine has another name": (state) => selfMadeCertificate(state, ["localhost", "10.1.2.3"], now),
  "when its key is of another one": async (state) => {
    const { key } = await selfMadeCertificate(newState(), ["localhost"], now);
    writeFileSync(join(state, "tls/key.pem"), key);
    return selfMadeCertificate(state, ["localhost"], now);
  },
  "when it is garbage": (state) => {
    writeFileSync(join(state, "tls/cert.pem"), "garbage");
    return selfMadeCertificate(state, ["localhost"], now);
  },
};

test.each(Object.keys(ended))("it is made anew %s", async (when) => {
  const state = newState();
  const first = await selfMadeCertificate(state, ["localhost"], now);
  const second = (await ended[when]?.(state)) as typeof first;
  expect(second.fingerprint).not.toBe(first.fingerprint);
  expect(new X509Certificate(second.certificate).checkHost("localhost")).toBe("localhost");
  expect(readFileSync(second.path, "utf8")).toBe(second.certificate);
});

test("it may not be asked for beside one that is given", async () => {
  const options = { tlsSelfMade: true, tlsCert: "cert.pem", tlsKey: "key.pem" } as const;
  await expect(openDoor(options, newState(), now)).rejects.toThrow("give one or the other");
});

test("names: this machine alone, the address it listens on, or all of its own", () => {
  expect(machineNames(undefined)).toEqual(["localhost", "127.0.0.1", "::1"]);
  expect(machineNames("10.1.2.3")).toContain("10.1.2.3");
  expect(machineNames("0.0.0.0")).not.toContain("0.0.0.0");
  expect(machineNames("0.0.0.0").length).toBeGreaterThan(3);
});
