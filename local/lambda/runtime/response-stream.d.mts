/** For tests of functions that write to a stream of their own making. */
export declare const HttpResponseStream: {
  from<Stream extends object>(stream: Stream, prelude: unknown): Stream;
};
