/** A certificate for this machine, made anew at each start; functions are told to trust it by NODE_EXTRA_CA_CERTS. */
export interface OwnCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

const DAY_MILLIS = 86_400_000;
const VALID_DAYS = 30;

export async function makeCertificate(nowMillis: number): Promise<OwnCertificate> {
  const { generate } = await import("selfsigned");
  const { cert, private: key } = await generate(
    [{ name: "commonName", value: "Farthing, ElastiCache on this machine" }],
    {
      keyType: "ec",
      curve: "P-256",
      algorithm: "sha256",
      notBeforeDate: new Date(nowMillis - DAY_MILLIS),
      notAfterDate: new Date(nowMillis + VALID_DAYS * DAY_MILLIS),
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
      ],
    },
  );
  return { certificate: cert, key };
}
