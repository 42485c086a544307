import type { Revision } from "./revision.ts";
import type { HostingServices } from "./services.ts";

/** What an instance knows of the copies that it holds. */
export interface PlacedCopy {
  readonly revision: Revision;
}

/** An instance of a variant: on one machine a name, a size and the time that its launch takes. */
export class Instance {
  readonly id: string;
  readonly type: string;
  readonly copies = new Set<PlacedCopy>();
  state: "launching" | "in-service" | "released" = "launching";
  /** Milliseconds since the epoch from which it has held nothing. */
  idleSinceMillis: number;
  readonly #launching = new AbortController();

  constructor(type: string, services: HostingServices, onChange: () => void) {
    this.id = `i-${services.randomHex(8)}`;
    this.type = type;
    this.idleSinceMillis = services.context.clock();
    services.sleep(services.options.instanceLaunchMillis, this.#launching.signal).then(
      () => {
        this.state = "in-service";
        this.idleSinceMillis = services.context.clock();
        onChange();
      },
      () => undefined,
    );
  }

  leave(copy: PlacedCopy, nowMillis: number): void {
    this.copies.delete(copy);
    if (this.copies.size === 0) this.idleSinceMillis = nowMillis;
  }

  release(): void {
    this.state = "released";
    this.#launching.abort();
  }
}
