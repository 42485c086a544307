/** Options of `farthing up` → where the API is served. Beyond this machine only encrypted: keys travel in headers. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Door } from "../../local/api-gateway/simulator.ts";
import { machineNames } from "./machine-names.ts";
import { type SelfMadeCertificate, selfMadeCertificate } from "./self-made-certificate.ts";

export interface DoorOptions {
  readonly host?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** A certificate of our own making; for these names too. */
  readonly tlsSelfMade?: true | readonly string[];
}

export interface OpenedDoor {
  /** Undefined: plain HTTP on the loopback interface. */
  readonly door: Door | undefined;
  /** Present when clients have to be told whom to trust. */
  readonly selfMade?: SelfMadeCertificate;
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** As `doorOf`, with a certificate from the state directory, made if need be. */
export async function openDoor(options: DoorOptions, stateDirectory: string, now: Date): Promise<OpenedDoor> {
  const { host, tlsCert, tlsKey, tlsSelfMade } = options;
  if (tlsSelfMade === undefined) return { door: doorOf(options, now) };
  if (tlsCert !== undefined || tlsKey !== undefined) {
    throw new Error("--tls-self-made makes a certificate; --tls-cert and --tls-key name one: give one or the other");
  }
  const names = [...new Set([...machineNames(host), ...(tlsSelfMade === true ? [] : tlsSelfMade)])];
  const selfMade = await selfMadeCertificate(stateDirectory, names, now);
  const { certificate, key } = selfMade;
  return { door: { ...(host !== undefined && { host }), tls: { certificate, key } }, selfMade };
}

/** Undefined: plain HTTP on the loopback interface. Throws an Error that says which option is missing or wrong. */
export function doorOf({ host, tlsCert, tlsKey }: DoorOptions, now: Date): Door | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new Error(
      `--tls-cert and --tls-key go together; only --tls-${tlsCert === undefined ? "key" : "cert"} was given`,
    );
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    if (host === undefined || LOOPBACK.has(host)) return host === undefined ? undefined : { host };
    throw new Error(
      `--host ${host} is open to other machines, which needs --tls-cert and --tls-key, or --tls-self-made`,
    );
  }
  const certificate = readPem(tlsCert, "--tls-cert");
  requireValid(certificate, tlsCert, now);
  return { ...(host !== undefined && { host }), tls: { certificate, key: readPem(tlsKey, "--tls-key") } };
}

function readPem(path: string, option: string): string {
  const text = readText(path, option);
  if (text.includes("-----BEGIN ")) return text;
  throw new Error(`${option} ${path} is not a PEM file (one that begins with "-----BEGIN …")`);
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${option} ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function requireValid(pem: string, path: string, now: Date): void {
  const { validTo, validFrom } = new X509Certificate(pem);
  if (now > new Date(validTo)) throw new Error(`the certificate ${path} has expired: ${validTo}`);
  if (now < new Date(validFrom)) throw new Error(`the certificate ${path} is not valid before ${validFrom}`);
}
