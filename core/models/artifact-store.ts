import type { AnyManifest, Manifest } from "./manifest.ts";

/** Where versions' files lie (S3, adapters/s3). Everything is named by its digest, and verified by it when read. */
export interface ArtifactStore {
  /** Throws `model_not_ready` when absent, unreadable, or not what its digest says. */
  readManifest(model: string, digest: string): Promise<Manifest>;
  /**
   * The file's bytes in order. The iteration ends only if they were what the digest says; otherwise it throws
   * `model_not_ready` (absent, truncated, altered: the message names path, expected, received), and what was handed out
   * before must not be used.
   */
  readBlob(file: { readonly path: string; readonly sha256: string; readonly bytes: number }): AsyncIterable<Uint8Array>;
  hasBlob(sha256: string): Promise<boolean>;
  writeBlob(sha256: string, bytes: Uint8Array): Promise<void>;
  /** Last step of an upload; answers the version's digest. */
  writeManifest(model: string, manifest: AnyManifest): Promise<string>;
}
