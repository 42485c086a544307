/** Since when events may not have been delivered: a file that is there while some are on their way. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Events of one moment are stored in any order. */
const SLACK_MILLIS = 2_000;

export class DeliveryPosition {
  readonly #file: string;
  #written: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Milliseconds since the epoch; undefined when everything was delivered. */
  read(): number | undefined {
    try {
      return (Number(readFileSync(this.#file, "utf8")) || 0) - SLACK_MILLIS;
    } catch {
      return undefined;
    }
  }

  /** `since`: when the oldest event that is on its way was stored; undefined when none is. */
  write(since: number | undefined): void {
    if (since === this.#written) return;
    this.#written = since;
    if (since === undefined) return rmSync(this.#file, { force: true });
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, String(since));
  }
}
