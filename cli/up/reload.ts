import type { Platform } from "../../local/platform.ts";
import type { Terminal } from "../terminal.ts";
import type { Synthesis } from "./synthesis.ts";

/** Functions with changed code run it from the next request on; whatever is wrong with the change is said, and the old code serves. */
export async function reload(
  platform: Pick<Platform, "reload">,
  synthesise: () => Promise<Synthesis>,
  { note, style }: Pick<Terminal, "note" | "style">,
): Promise<void> {
  try {
    const { directory, fresh } = await synthesise();
    if (!fresh) return;
    const { replaced, needsRestart } = await platform.reload(directory);
    if (replaced.length > 0) note(style.green(`new code: ${replaced.join(", ")}`));
    if (needsRestart)
      note(style.yellow("more than code has changed (resources, permissions or settings): start again to run it"));
  } catch (error) {
    note(style.red(`the change does not build; the code before it goes on serving\n${(error as Error).message}`));
  }
}
