/** A file's bytes in order, however they are cut into parts; no more than one piece of them in memory. */
import { FarthingError } from "../errors.ts";
import type { StoredFile } from "./file.ts";
import type { FileContents } from "./file-store.ts";

const PIECE_BYTES = 4 * 1024 * 1024;

/** From byte `from` on, up to byte `end`, which is not among them. Throws `unknown_file` when a part is gone. */
export async function* fileBytes(
  file: Pick<StoredFile, "id" | "parts">,
  contents: Pick<FileContents, "read">,
  from = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  let partBegins = 0;
  for (const { name, bytes } of file.parts) {
    for (let at = Math.max(0, from - partBegins); at < Math.min(bytes, end - partBegins); at += PIECE_BYTES) {
      const last = Math.min(at + PIECE_BYTES, bytes, end - partBegins) - 1;
      const piece = await contents.read(name, { first: at, last });
      if (piece === undefined) throw new FarthingError("unknown_file", `The content of the file ${file.id} is gone.`);
      yield piece;
    }
    partBegins += bytes;
  }
}
