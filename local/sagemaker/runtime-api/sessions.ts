import type { Copy } from "../hosting/copy.ts";

/** Sessions are few and long; the one used least recently makes room. */
const MAX_SESSIONS = 10_000;

/**
 * Which copy holds a session. The container opens and closes it, by headers of its answers.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/stateful-sessions.html
 */
export class Sessions {
  readonly #copies = new Map<string, Copy>();

  copyOf(sessionId: string): Copy | undefined {
    const copy = this.#copies.get(sessionId);
    return copy?.state.type === "in-service" && !copy.draining ? copy : undefined;
  }

  /** `<id>; Expires=<time>`, as the container says it. */
  opened(header: string, copy: Copy): void {
    const [id = ""] = header.split(";");
    this.#copies.delete(id);
    this.#copies.set(id, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > MAX_SESSIONS && oldest !== undefined) this.#copies.delete(oldest);
  }

  closed(sessionId: string): void {
    this.#copies.delete(sessionId);
  }
}
