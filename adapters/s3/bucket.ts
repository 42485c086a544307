/**
 * What Farthing asks of a bucket. Two implementations: sdk-bucket.ts (CLI) and signed-bucket.ts (functions: reading only,
 * without the SDK's start-up cost). Absence is an answer, not an error.
 */
export interface ReadableBucket {
  /**
   * Absence is no such object, or none that this role may see (S3 says AccessDenied for both to who may not list).
   * `range`: first and last byte, inclusive; what lies beyond the object's end is not there, and is no error.
   */
  get(key: string, range?: ByteRange): Promise<Pieces | Absence>;
}

/** Bytes in the pieces in which they came, in order; perhaps none. */
export type Pieces = readonly Uint8Array[];

export const isAbsence = (answer: Pieces | Absence): answer is Absence => !Array.isArray(answer);

export interface Absence {
  /** What S3 said: whether it is a name or a permission that is wrong, only its own words tell. */
  readonly cause: unknown;
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface Bucket extends ReadableBucket {
  has(key: string): Promise<boolean>;
  /** Leaves an object of that name as it is: names here stand for contents. `sha256`: lower-case hex, verified by S3. */
  putOnce(key: string, bytes: Uint8Array, contentType: string, sha256: string): Promise<void>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: a range wholly beyond the end. */
export const RANGE_NOT_SATISFIABLE = 416;
export const ABSENT_STATUSES: ReadonlySet<number> = new Set([403, 404]);
