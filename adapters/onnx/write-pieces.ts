/** Writes a file while it is read: what comes is fetched and hashed while what came before is on its way to the disk. */
import { type FileHandle, open } from "node:fs/promises";

/** A piece is what one read of a socket gave, some 64 kB: a call to the system for each would cost more than the copying. */
const BYTES_PER_WRITE = 4 * 1024 * 1024;
/** All that a write takes is held in memory until it has ended. */
const WRITES_AT_ONCE = 4;

/** Rejects with the first error of `pieces` or of the disk; the file is of no use then. No write is under way any more in either case. */
export async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w");
  const underWay: Promise<void>[] = [];
  let position = 0;
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  const writeGathered = () => {
    const write = writeAll(file, gathered, bytes, position);
    // Awaited in its turn.
    write.catch(() => {});
    underWay.push(write);
    position += bytes;
    gathered = [];
    bytes = 0;
  };
  try {
    for await (const piece of pieces) {
      gathered.push(piece);
      bytes += piece.length;
      if (bytes < BYTES_PER_WRITE) continue;
      if (underWay.length === WRITES_AT_ONCE) await underWay.shift();
      writeGathered();
    }
    writeGathered();
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
    await file.close();
  }
}

async function writeAll(file: FileHandle, pieces: Uint8Array[], bytes: number, position: number): Promise<void> {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(pieces, position);
  if (bytesWritten === bytes) return;
  // The system may take less than it is given.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  await writeAll(file, [rest], rest.length, position + bytesWritten);
}
