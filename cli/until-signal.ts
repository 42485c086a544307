/** Resolves at the first signal to stop; a second one ends the process at once, in case stopping hangs. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (++signals === 1) resolve();
        else process.exit(1);
      });
    }
  });
}
