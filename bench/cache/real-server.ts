/** A real Valkey or Redis for the length of a benchmark, reached over TLS as ElastiCache is. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { pinnedTo } from "../pinning.ts";

export interface RealServer {
  readonly what: string;
  readonly port: number;
  /** PEM of the certificate to trust. */
  readonly ca: string;
  stop(): void;
}

const PROGRAMS = ["valkey-server", "redis-server"];

export async function startRealServer(): Promise<RealServer> {
  const program = PROGRAMS.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (program === undefined) throw new Error("the bench needs valkey-server or redis-server on the PATH");
  const what = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "farthing-bench-"));
  const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = await generate([{ name: "commonName", value: "bench" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  writeFileSync(certificate, made.cert);
  writeFileSync(key, made.private, { mode: 0o600 });
  const tls = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
  // The server on core 0, this process on core 1.
  const [command, ...rest] = [...pinnedTo([0]), program, "--port", "0", "--tls-port", String(port), ...tls];
  const child = spawn(command as string, [...rest, "--tls-auth-clients", "no", "--bind", "127.0.0.1", "--save", ""], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
    child.stdout.on("data", (text: Buffer) => {
      if (text.includes("Ready to accept connections")) resolve();
    });
  });
  return {
    what,
    port,
    ca: made.cert,
    stop() {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject()));
    });
  });
}
