import { createServer } from "node:net";

/** Rejects with an Error in words when the port is taken or not ours to take: better before the work than after it. */
export async function requireFreePort(port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  } catch (error) {
    throw portError(port, error as NodeJS.ErrnoException);
  }
  await new Promise((resolve) => server.close(resolve));
}

export function portError(port: number, error: NodeJS.ErrnoException): Error {
  const other = port === 65_535 ? port - 1 : port + 1;
  switch (error.code) {
    case "EADDRINUSE":
      return new Error(
        `port ${port} is taken by another program. Choose another one: --port ${other}, or --port 0 for any free one`,
      );
    case "EACCES":
      return new Error(`port ${port} needs rights that this user has not. Choose one above 1023: --port 8080`);
    default:
      return error;
  }
}
