/** HTTP as the API sees it, whichever door it came through (functions/inference/edges). */
export interface HttpRequest {
  readonly method: string;
  /** Decoded segments are the router's business: this is the raw path, without stage or query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; every value a string, as the streaming prelude demands. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>;
}
