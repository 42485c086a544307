/**
 * The data of server-sent events, from bytes that may be cut anywhere: in a line, in a character.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
const LONGEST_LINE = 8 * 1024 * 1024;

export interface ServerSentData {
  /** Data of the events that these bytes complete. Throws RangeError for a line without end, TypeError for what is no UTF-8. */
  push(bytes: Uint8Array): readonly string[];
  /** Data that no empty line followed: the stream ended with it. */
  end(): readonly string[];
}

export function createServerSentData(): ServerSentData {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let data: string | undefined;

  function takeLine(line: string, found: string[]): void {
    if (line === "") {
      if (data !== undefined) found.push(data);
      data = undefined;
      return;
    }
    if (!line.startsWith("data")) return;
    const value =
      line.charCodeAt(4) === 0x3a ? line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5) : line === "data" ? "" : undefined;
    if (value === undefined) return;
    data = data === undefined ? value : `${data}\n${value}`;
  }

  function takeLines(text: string): readonly string[] {
    const found: string[] = [];
    rest += text;
    let start = 0;
    for (;;) {
      const end = rest.indexOf("\n", start);
      if (end === -1) break;
      takeLine(rest.slice(start, rest.charCodeAt(end - 1) === 0x0d ? end - 1 : end), found);
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > LONGEST_LINE) throw new RangeError(`a line of more than ${LONGEST_LINE} characters`);
    return found;
  }

  return {
    push: (bytes) => takeLines(decoder.decode(bytes, { stream: true })),
    end: () => takeLines(`${decoder.decode()}\n\n`),
  };
}
