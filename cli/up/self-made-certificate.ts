/**
 * A certificate of this installation's own making, for networks without an authority: kept in the state directory, the same at
 * each start until it is about to expire or the machine has a new name, so that clients need to be told of it only once.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";

export interface SelfMadeCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Of the certificate, for clients to trust. */
  readonly path: string;
  /** SHA-256, as browsers and openssl show it. */
  readonly fingerprint: string;
  /** When it will be replaced: from then on clients must be told anew. */
  readonly renewedFrom: Date;
}

/** The longest that Apple's systems accept. https://support.apple.com/en-us/103769 */
const VALID_DAYS = 825;
const RENEWED_BEFORE_DAYS = 30;
/** Clients whose clocks are slow. */
const VALID_BEFORE_NOW_DAYS = 1;
const DAY_MILLIS = 24 * 60 * 60 * 1_000;

/** `names`: host names and addresses by which clients reach this machine, at least one. */
export async function selfMadeCertificate(
  stateDirectory: string,
  names: readonly string[],
  now: Date,
): Promise<SelfMadeCertificate> {
  const folder = join(stateDirectory, "tls");
  const [path, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const kept = readKept(path, keyPath);
  const { certificate, key } = kept && serves(kept, names, now) ? kept : await make(names, now);
  if (kept?.certificate !== certificate) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The key first: a certificate without its key would be made anew, and nobody was told of it yet.
    write(keyPath, key);
    write(path, certificate);
  }
  const { fingerprint256, validTo } = new X509Certificate(certificate);
  chmodSync(keyPath, 0o600);
  return { certificate, key, path, fingerprint: fingerprint256, renewedFrom: renewalOf(validTo) };
}

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

function readKept(path: string, keyPath: string): Pair | undefined {
  try {
    return { certificate: readFileSync(path, "utf8"), key: readFileSync(keyPath, "utf8") };
  } catch {
    return undefined;
  }
}

function serves({ certificate, key }: Pair, names: readonly string[], now: Date): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    return (
      now >= new Date(parsed.validFrom) &&
      now < renewalOf(parsed.validTo) &&
      parsed.checkPrivateKey(createPrivateKey(key)) &&
      names.every((name) => (isIP(name) ? parsed.checkIP(name) : parsed.checkHost(name)) !== undefined)
    );
  } catch {
    return false;
  }
}

const renewalOf = (validTo: string): Date => new Date(Date.parse(validTo) - RENEWED_BEFORE_DAYS * DAY_MILLIS);

async function make(names: readonly string[], now: Date): Promise<Pair> {
  const { generate } = await import("selfsigned");
  const at = (days: number): Date => new Date(now.getTime() + days * DAY_MILLIS);
  const { cert, private: key } = await generate([{ name: "commonName", value: "Farthing, self-made" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: at(-VALID_BEFORE_NOW_DAYS),
    notAfterDate: at(VALID_DAYS - VALID_BEFORE_NOW_DAYS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { certificate: cert, key };
}

function write(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, path);
}
