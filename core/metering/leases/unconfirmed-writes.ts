/**
 * Writes whose outcome is not known yet: under way, or their reply lost. Each can take effect only while the stored revision
 * is the one that it names; until it is known to be past, a lease may use no more than any of them would leave it.
 */
import type { Account } from "./account.ts";
import { type Bounds, NOTHING } from "./lease.ts";

interface UnconfirmedWrite {
  readonly revision: number;
  readonly bounds: ReadonlyMap<string, Bounds>;
}

export class UnconfirmedWrites {
  #writes: UnconfirmedWrite[] = [];

  /** `revision`: the one that has to be stored for the write to be taken. */
  add(revision: number, account: Account, leases: readonly string[]): void {
    const bounds = new Map(leases.map((id) => [id, account.leases[id] ?? NOTHING]));
    this.#writes.push({ revision, bounds });
  }

  /** A later write was taken: all those before it never will be. */
  confirmed(): void {
    this.#writes = [];
  }

  seen(revision: number): void {
    this.#writes = this.#writes.filter((write) => write.revision >= revision);
  }

  boundsOf(lease: string): readonly Bounds[] {
    return this.#writes.flatMap(({ bounds }) => bounds.get(lease) ?? []);
  }
}
