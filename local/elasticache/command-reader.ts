/** Commands as clients send them: arrays of bulk strings. https://valkey.io/topics/protocol/ */
export interface ReadCommand {
  readonly args: readonly Buffer[];
  /** Bytes of it. */
  readonly bytes: number;
}

/** What one command may take; a server's own limit of a value is 512 MB. */
const MAX_COMMAND_BYTES = 128 * 1024 * 1024;
const MAX_ARGUMENTS = 1_000_000;

/** The first command of `bytes`; undefined while it is not all there. Throws an Error for what is none. */
export function readCommand(bytes: Buffer): ReadCommand | undefined {
  const head = readLength(bytes, 0, "*", MAX_ARGUMENTS);
  if (head === undefined) return undefined;
  const args: Buffer[] = [];
  let at = head.end;
  for (let i = 0; i < head.length; i++) {
    const size = readLength(bytes, at, "$", MAX_COMMAND_BYTES);
    if (size === undefined || bytes.length < size.end + size.length + 2) return undefined;
    args.push(bytes.subarray(size.end, size.end + size.length));
    at = size.end + size.length + 2;
  }
  return { args, bytes: at };
}

function readLength(bytes: Buffer, at: number, kind: "*" | "$", max: number) {
  const end = bytes.indexOf("\r\n", at);
  if (end === -1) {
    if (bytes.length - at > 32) throw new Error("Protocol error: too big mbulk count string");
    return undefined;
  }
  const [first, digits] = [String.fromCharCode(bytes[at] ?? 0), bytes.toString("latin1", at + 1, end)];
  if (first !== kind) throw new Error(`Protocol error: expected '${kind}', got '${first}'`);
  const length = /^\d{1,10}$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  if (length > max) throw new Error("Protocol error: invalid bulk length");
  return { length, end: end + 2 };
}
