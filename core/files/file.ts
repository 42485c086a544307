/** A customer's file: what batches are read from and written to. Its bytes lie in parts, so that what grows is never copied. */

export type FilePurpose = "batch" | "batch_output";

export interface StoredFile {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly purpose: FilePurpose;
  readonly bytes: number;
  readonly createdAtMillis: number;
  readonly expiresAtMillis: number;
  /** `awaited`: it was announced, and its bytes come by an address of its own. */
  readonly state: "awaited" | "stored";
  /** In this order they are the file. */
  readonly parts: readonly FilePart[];
}

export interface FilePart {
  /** Name of the object in the store of contents. */
  readonly name: string;
  readonly bytes: number;
}

export const FILE_LIMITS = {
  /** Of one file. */
  mostBytes: 100 * 1024 * 1024,
  /** Of one tenant. */
  mostFiles: 500,
  mostTenantBytes: 10 * 1024 ** 3,
  /** The bucket's lifecycle deletes what is older, whatever was asked for. */
  longestKeptMillis: 30 * 86_400_000,
  shortestKeptMillis: 3_600_000,
  /** How long an announced file can be uploaded. */
  uploadMillis: 3_600_000,
  longestName: 256,
} as const;

const FILE_ID = /^file-[0-9a-z]{9,60}$/;
export const isFileId = (text: string): boolean => FILE_ID.test(text);

/** Below one folder per tenant; `unique`: what no other part of the file is called. */
export const partName = (tenant: string, id: string, unique: string): string => `${partsOf(tenant)}${id}/${unique}`;
export const partsOf = (tenant: string): string => `files/${tenant}/`;
