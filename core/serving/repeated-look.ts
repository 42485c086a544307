/** A look at something that is taken again and again, while work goes on whose reason may go away. */
import type { Clock } from "./clock.ts";

export interface RepeatedLook {
  /** Aborted when a look found nothing left to work for. */
  readonly signal: AbortSignal;
  /** No look is under way any more when this resolves. */
  end(): Promise<void>;
}

/** The next look begins when the one before is over. One that fails says nothing: the next may reach what it looks at. */
export function repeatedLook(
  everyMillis: number,
  clock: Clock,
  look: () => Promise<"go-on" | "give-up">,
): RepeatedLook {
  const abort = new AbortController();
  let isOver = false;
  let looking: Promise<void> = Promise.resolve();
  let cancelTimer: () => void = () => {};

  async function lookOnce(): Promise<void> {
    try {
      if ((await look()) === "give-up") abort.abort();
    } catch {
      // What was not seen is no reason to give up.
    }
  }

  function plan(): void {
    if (isOver || abort.signal.aborted) return;
    cancelTimer = clock.after(everyMillis, () => {
      looking = lookOnce().then(plan);
    });
  }
  plan();

  return {
    signal: abort.signal,
    async end() {
      isOver = true;
      cancelTimer();
      await looking;
    },
  };
}
