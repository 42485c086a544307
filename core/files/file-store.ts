import type { StoredFile } from "./file.ts";

/** What is known of files. */
export interface FileStore {
  find(tenant: string, id: string): Promise<StoredFile | undefined>;
  /** Newest first; `before`: ids that sort before this one. */
  latest(tenant: string, limit: number, before?: string): Promise<readonly StoredFile[]>;
  /** Replaces what was known. */
  put(file: StoredFile): Promise<void>;
  remove(tenant: string, id: string): Promise<void>;
}

/** The bytes themselves, by the names of parts. */
export interface FileContents {
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** `first` and `last` inclusive; less where the object ends sooner. Undefined: no such object. */
  read(name: string, range: { readonly first: number; readonly last: number }): Promise<Uint8Array | undefined>;
  /** Undefined: no such object. */
  size(name: string): Promise<number | undefined>;
  remove(name: string): Promise<void>;
  /** An address that takes one PUT of exactly so many bytes. */
  uploadAddress(name: string, bytes: number, forMillis: number): UploadAddress;
}

export interface UploadAddress {
  readonly url: string;
  /** Lower-case names; they are part of the signature. */
  readonly headers: Readonly<Record<string, string>>;
}
