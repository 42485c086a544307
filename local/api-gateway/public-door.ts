import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeWhenIdle, type Door, openDoorServer } from "./door-server.ts";

/**
 * The port where customers call. It is served by the platform's own process, or by threads that listen there too; then the
 * platform does not, so that every connection is one of theirs.
 */
export class PublicDoor {
  readonly #door: Door;
  readonly #handle: RequestListener;
  readonly port: number;
  #server: Server | undefined;
  readonly #leaving = new Set<Server>();
  /** One change after the other. */
  #changing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(door: Door, handle: RequestListener, server: Server) {
    this.#door = door;
    this.#handle = handle;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** `shared`: threads may take the port over. Rejects when the port is taken. */
  static async open(port: number, door: Door, shared: boolean, handle: RequestListener): Promise<PublicDoor> {
    // Alone first: who shares a port does not notice that it was taken.
    const alone = await openDoorServer({ ...door, port }, handle);
    if (!shared) return new PublicDoor(door, handle, alone);
    const taken = (alone.address() as AddressInfo).port;
    await new Promise((resolve) => alone.close(resolve));
    return new PublicDoor(door, handle, await openDoorServer({ ...door, port: taken, shared }, handle));
  }

  get url(): string {
    const { host = "127.0.0.1", tls } = this.#door;
    return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${this.port}`;
  }

  /** Threads listen: the platform stops. */
  handOver(): void {
    this.#change(async () => {
      const server = this.#server;
      if (server === undefined) return;
      this.#server = undefined;
      this.#leaving.add(server);
      void closeWhenIdle(server).then(() => this.#leaving.delete(server));
    });
  }

  /** No thread listens, or soon none will. */
  takeBack(): void {
    this.#change(async () => {
      if (this.#closed) return;
      this.#server ??= await openDoorServer({ ...this.#door, port: this.port, shared: true }, this.#handle);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#changing;
    await Promise.all(
      [this.#server, ...this.#leaving].map((server) => {
        const closed = new Promise<void>((resolve) =>
          server === undefined ? resolve() : server.close(() => resolve()),
        );
        server?.closeAllConnections();
        return closed;
      }),
    );
    this.#server = undefined;
  }

  #change(change: () => Promise<void>): void {
    // A port that nobody can listen on any more is told to the caller by the connection that is refused.
    this.#changing = this.#changing.then(change).catch(() => undefined);
  }
}
