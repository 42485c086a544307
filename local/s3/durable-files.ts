import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Files that are whole or not there, whatever stops the process: written under another name in `staging`, flushed to the
 * disk, then renamed. What staging holds after a crash belongs to nobody.
 */
export class DurableFiles {
  readonly #staging: string;

  constructor(staging: string) {
    this.#staging = staging;
  }

  /** Empties staging. */
  async open(): Promise<void> {
    await rm(this.#staging, { recursive: true, force: true });
    await mkdir(this.#staging, { recursive: true });
  }

  /** `write` fills the file; the answer is what it returns, and the path in staging. Nothing stays when it throws. */
  async stage<Result>(write: (file: FileHandle) => Promise<Result>): Promise<{ path: string; result: Result }> {
    const path = join(this.#staging, randomUUID());
    const file = await open(path, "wx");
    try {
      const result = await write(file);
      await file.sync();
      await file.close();
      return { path, result };
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.discard(path);
      throw error;
    }
  }

  /** Makes a staged file visible, in place of what was at `target`. */
  async publish(staged: string, target: string): Promise<void> {
    const folder = dirname(target);
    await mkdir(folder, { recursive: true });
    await rename(staged, target);
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async writeJson(target: string, value: unknown): Promise<void> {
    const { path } = await this.stage((file) => file.writeFile(JSON.stringify(value)));
    await this.publish(path, target);
  }

  async discard(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }
}
