import { randomBytes } from "node:crypto";
import type { Caller, Credentials } from "../simulator.ts";
import { OPERATOR_CREDENTIALS } from "./operator.ts";

export interface Session {
  readonly caller: Caller;
  readonly credentials: Credentials;
}

/** Execution environments come and go by the thousand; the session that was used least recently makes room. */
export const MAX_SESSIONS = 50_000;

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Who stands behind an access key id. Sessions do not expire: the platform that made them ends first. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #operator: Session = { caller: { type: "operator" }, credentials: OPERATOR_CREDENTIALS };

  open(caller: Caller): Credentials {
    const credentials: Credentials = {
      // ASIA marks temporary credentials, which need their session token.
      accessKeyId: `ASIA${[...randomBytes(16)].map((byte) => BASE32[byte % BASE32.length]).join("")}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(96).toString("base64"),
    };
    this.#sessions.set(credentials.accessKeyId, { caller, credentials });
    if (this.#sessions.size > MAX_SESSIONS) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    return credentials;
  }

  find(accessKeyId: string): Session | undefined {
    if (accessKeyId === OPERATOR_CREDENTIALS.accessKeyId) return this.#operator;
    const session = this.#sessions.get(accessKeyId);
    if (session !== undefined) {
      this.#sessions.delete(accessKeyId);
      this.#sessions.set(accessKeyId, session);
    }
    return session;
  }
}
