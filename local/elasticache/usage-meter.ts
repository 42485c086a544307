/**
 * Processing units (ECPU) of one connection: one for each command, or one for each kilobyte that it moves if that is more.
 * https://aws.amazon.com/elasticache/pricing/ (a command of 3.2 kB takes 3.2 units)
 */
const BYTES_PER_UNIT = 1024;

export interface UsageMeter {
  /** Bytes of a client, in order; frames may be cut anywhere. */
  request(bytes: Buffer): void;
  /** Bytes for it: what the commands waiting for answers did not pay for is added. */
  reply(bytes: Buffer): void;
}

/** `count` gets units as they come to be. Bytes that are no commands count as one. */
export function createUsageMeter(count: (units: number) => void): UsageMeter {
  const frames = createFrameReader();
  let unpaidReplies = 0;
  return {
    request(bytes) {
      for (const commandBytes of frames(bytes)) {
        count(Math.max(1, commandBytes / BYTES_PER_UNIT));
        unpaidReplies++;
      }
    },
    reply(bytes) {
      const units = bytes.length / BYTES_PER_UNIT;
      if (units > unpaidReplies) count(units - unpaidReplies);
      unpaidReplies = 0;
    },
  };
}

/** Sizes of the commands that end in the bytes given: heads are read, contents skipped. */
function createFrameReader(): (bytes: Buffer) => number[] {
  let [head, skip, argumentsLeft, commandBytes] = ["", 0, 0, 0];
  const takeHead = (): boolean => {
    const length = Number(head.slice(1));
    const isArray = head.startsWith("*");
    head = "";
    if (isArray) argumentsLeft = length;
    else {
      skip = length + 2;
      argumentsLeft--;
    }
    return argumentsLeft <= 0 && skip === 0;
  };
  return (bytes) => {
    const ended: number[] = [];
    const end = (): void => {
      ended.push(commandBytes);
      commandBytes = 0;
    };
    for (let at = 0; at < bytes.length; ) {
      if (skip > 0) {
        const step = Math.min(skip, bytes.length - at);
        [skip, at, commandBytes] = [skip - step, at + step, commandBytes + step];
        if (skip === 0 && argumentsLeft <= 0) end();
        continue;
      }
      const feed = bytes.indexOf("\n", at);
      const stop = feed === -1 ? bytes.length : feed + 1;
      commandBytes += stop - at;
      head += bytes.toString("latin1", at, stop);
      at = stop;
      if (feed !== -1 && takeHead()) end();
    }
    return ended;
  };
}
