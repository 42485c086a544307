/** Secrets with their versions: in memory, and whole in one file of this user's, so that a key outlives the platform. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface StoredSecret {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly changedAt: number;
  /** Scheduled: it answers nothing from then on. */
  readonly deletedAt?: number;
  /** The current one first, and the one before it. Empty: it was never filled. */
  readonly versions: readonly SecretVersion[];
}

export interface SecretVersion {
  /** The token of the request that made it: a repeat makes no second one. */
  readonly id: string;
  readonly createdAt: number;
  readonly string?: string;
  /** base64 */
  readonly binary?: string;
}

export interface SecretStore {
  /** By name or ARN, the ARN also without its six last characters. */
  find(secretId: string): StoredSecret | undefined;
  put(secret: StoredSecret): void;
  remove(name: string): void;
}

export function openSecretStore(file: string): SecretStore {
  const secrets = new Map(read(file).map((secret) => [secret.name, secret]));
  const write = () => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.unfinished`;
    writeFileSync(unfinished, JSON.stringify([...secrets.values()]), { mode: 0o600 });
    renameSync(unfinished, file);
  };
  return {
    find: (secretId) =>
      secrets.get(secretId) ??
      [...secrets.values()].find(({ arn }) => arn === secretId || arn.slice(0, -ARN_SUFFIX_LENGTH) === secretId),
    put(secret) {
      secrets.set(secret.name, secret);
      write();
    },
    remove(name) {
      secrets.delete(name);
      write();
    },
  };
}

/** A hyphen and six characters. */
export const ARN_SUFFIX_LENGTH = 7;

function read(file: string): readonly StoredSecret[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as readonly StoredSecret[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new Error(`${file} cannot be read: the secrets of this platform lie in it`);
  }
}
