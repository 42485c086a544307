import type { ExecutionEnvironment } from "./execution-environment.ts";
import type { FunctionVersion } from "./function-version.ts";

/** The execution environments of one version; all of them made from the same configuration. */
export class VersionPool {
  /** Newest last: the one that was used last is taken first, so that the others may fall idle and go. */
  readonly idle: ExecutionEnvironment[] = [];
  readonly live = new Set<ExecutionEnvironment>();
  #version: FunctionVersion;
  /** How many to keep warm. */
  provisioned = 0;

  constructor(version: FunctionVersion) {
    this.#version = version;
  }

  get version(): FunctionVersion {
    return this.#version;
  }

  /** New requests get environments of `version`; those that work end after their request. */
  replace(version: FunctionVersion): void {
    this.#version = version;
    for (const environment of [...this.live]) environment.retire();
  }

  takeIdle(): ExecutionEnvironment | undefined {
    return this.idle.pop();
  }

  removeIdle(environment: ExecutionEnvironment): void {
    const index = this.idle.indexOf(environment);
    if (index >= 0) this.idle.splice(index, 1);
  }
}
