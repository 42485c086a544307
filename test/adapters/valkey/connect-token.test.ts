import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { connectToken } from "../../../adapters/valkey/connect-token.ts";
import { slotOf } from "../../../adapters/valkey/slot.ts";

/** The SDK's signer wants a hash of this form. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(key?: string | Uint8Array) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

test("a token is what the SDK signs", async () => {
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "a/b+c==" };
  const now = Date.UTC(2026, 10, 24, 10, 15, 0);
  const signer = new SignatureV4({
    credentials,
    region: "eu-central-1",
    service: "elasticache",
    sha256: Sha256 as never,
  });
  const query = { Action: "connect", User: "farthing-dev", ResourceType: "ServerlessCache" };
  const request = {
    method: "GET",
    protocol: "http:",
    hostname: "farthing-dev",
    path: "/",
    query,
    headers: { host: "farthing-dev" },
  };
  const signed = await signer.presign(request, { expiresIn: 900, signingDate: new Date(now) });
  const token = connectToken({ cache: "Farthing-dev", user: "farthing-dev", region: "eu-central-1" }, credentials, now);
  const [host, text] = token.split("/?") as [string, string];
  expect(host).toBe("farthing-dev");
  expect(Object.fromEntries(new URLSearchParams(text))).toEqual(signed.query);
});

test("slots are those of the specification", () => {
  expect(slotOf("123456789")).toBe(0x31c3);
  expect(slotOf("foo{hash_tag}")).toBe(slotOf("hash_tag"));
  expect(slotOf("foo{}{bar}")).not.toBe(slotOf("bar"));
});
