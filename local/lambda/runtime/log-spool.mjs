import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A file this long is left to the platform, which removes it when it is read. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/**
 * Within this, what nobody has flushed is written, and the platform told that there is something to read. Where both share a core a
 * request may have to wait while the platform reads: so often that it is a millisecond or two.
 */
const TELL_MILLIS = 25;

/**
 * Where a thread writes what would wake the platform once for every request: a file, read many lines at a time. What is flushed
 * outlives this process, whatever becomes of it in the next moment; an answer leaves the thread behind the lines before it.
 */
export class LogSpool {
  #name;
  #tell;
  #file = 0;
  #descriptor;
  #bytes = 0;
  #text = "";
  #telling = false;

  /** `tell(path)`: there is something to read in this file. `name` is this thread's alone in the directory. */
  constructor(directory, name, tell) {
    this.#name = join(directory, name);
    this.#tell = tell;
  }

  /** Lines of the function's log, each with its line feed. */
  log(lines) {
    let from = 0;
    for (let end = lines.indexOf("\n"); end >= 0; end = lines.indexOf("\n", from)) {
      if (end > from) this.#add(`L${lines.slice(from, end + 1)}`);
      from = end + 1;
    }
  }

  /** JSON. */
  news(news) {
    this.#add(`N${JSON.stringify(news)}\n`);
  }

  flush() {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    if (this.#bytes >= MAX_FILE_BYTES) {
      closeSync(this.#descriptor);
      this.#descriptor = undefined;
      this.#file++;
      this.#bytes = 0;
    }
    this.#descriptor ??= openSync(this.#path, "a");
    this.#bytes += writeSync(this.#descriptor, text);
  }

  #add(line) {
    this.#text += line;
    if (this.#telling) return;
    this.#telling = true;
    setTimeout(() => {
      this.#telling = false;
      this.flush();
      this.#tell(this.#path);
    }, TELL_MILLIS);
  }

  get #path() {
    return `${this.#name}-${this.#file}.log`;
  }
}
