/** What a person gives for an upstream's secret, checked before it is stored: a key from standard input, certificates from a file. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";

const MAX_KEY_LENGTH = 4096;

/** Undefined: nothing came. Throws an Error that does not hold the key. */
export async function readKey(input: Readable & { readonly isTTY?: boolean }): Promise<string | undefined> {
  // What is typed would stand on the screen, and in the terminal's memory.
  if (input.isTTY === true) return undefined;
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MAX_KEY_LENGTH) throw new Error(`the key has more than ${MAX_KEY_LENGTH} characters`);
  }
  const key = text.trim();
  if (key === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new Error("the key holds white space or other characters that a header cannot carry");
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, without what else lies in it. */
export function readCertificates(path: string): string {
  const certificates = readFileSync(path, "utf8").match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error(`${path} holds no certificate in PEM form`);
  for (const [index, pem] of certificates.entries()) {
    try {
      new X509Certificate(pem);
    } catch (error) {
      throw new Error(`certificate ${index + 1} of ${path} cannot be read: ${(error as Error).message}`);
    }
  }
  return `${certificates.join("\n")}\n`;
}
