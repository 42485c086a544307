/**
 * Connections to a Valkey or a cluster of them, for processes that freeze: opened with the first write, given up when the process
 * slept or the service would soon end them, opened again with the next question. ElastiCache Serverless speaks the protocol of a
 * cluster behind a single address; what a server answers with MOVED is asked where it says.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.html
 */
import type { Clock } from "../../core/serving/clock.ts";
import { type Connection, type ConnectionOptions, openConnection, type ServerAddress } from "./connection.ts";
import { type Argument, type Reply, ReplyError } from "./resp.ts";
import { slotOf } from "./slot.ts";

export interface ValkeyOptions {
  readonly address: ServerAddress;
  readonly tls: { readonly ca?: string } | undefined;
  readonly login: ConnectionOptions["login"];
  readonly clock: Pick<Clock, "epochMillis" | "monotonicMillis">;
  /** Whether questions are asked before anything was written. Default true. */
  readonly eager?: boolean;
}

export interface ValkeyClient {
  /** False until the first write: a burst of cold processes must not become a storm of handshakes. */
  isOpen(): boolean;
  /** `key`: the one that the command is about; `args`: all of it. Rejects when no answer came. */
  ask(key: string, args: readonly Argument[]): Promise<Exclude<Reply, ReplyError>>;
  /** The same, and opens the client. */
  write(key: string, args: readonly Argument[]): Promise<Exclude<Reply, ReplyError>>;
  close(): void;
}

export const VALKEY_LIMITS = {
  /** The service ends connections after 12 hours. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html */
  oldestMillis: 11 * 3_600_000,
  /** A connection that was silent for longer may have been forgotten on the way without a word (NAT: 350 s). */
  idleMillis: 60_000,
  /** The clock on the wall went on by so much more than the process did: it was frozen. */
  frozenMillis: 2_000,
} as const;

interface Held {
  readonly connection: Connection;
  readonly openedAt: number;
  usedAt: number;
  usedMonotonic: number;
}

export function createValkeyClient({ address, tls, login, clock, eager = true }: ValkeyOptions): ValkeyClient {
  const held = new Map<string, Held>();
  const sessions = new Map<string, Buffer>();
  /** Learnt from MOVED; empty where one address answers for all. */
  const slots = new Map<number, ServerAddress>();
  let isOpen = eager;

  function connectionTo(server: ServerAddress): Connection {
    const name = `${server.host}:${server.port}`;
    const now = clock.epochMillis();
    const monotonic = clock.monotonicMillis();
    const current = held.get(name);
    if (current?.connection.isOpen) {
      if (isFresh(current, now, monotonic)) {
        current.usedAt = now;
        current.usedMonotonic = monotonic;
        return current.connection;
      }
      current.connection.close();
    }
    const connection = openConnection({
      address: server,
      tls: tls && { ...tls, session: sessions.get(name) },
      login,
      onSession: (session) => sessions.set(name, session),
    });
    held.set(name, { connection, openedAt: now, usedAt: now, usedMonotonic: monotonic });
    return connection;
  }

  function ask(key: string, args: readonly Argument[]): Promise<Exclude<Reply, ReplyError>> {
    const server = (slots.size > 0 && slots.get(slotOf(key))) || address;
    return connectionTo(server)
      .send(args)
      .catch((error: unknown) => {
        const moved = error instanceof ReplyError ? movedTo(error, server) : undefined;
        if (moved === undefined) throw error;
        slots.set(moved.slot, moved.server);
        return connectionTo(moved.server).send(args);
      });
  }

  return {
    isOpen: () => isOpen,
    ask,
    write(key, args) {
      isOpen = true;
      return ask(key, args);
    },
    close() {
      for (const { connection } of held.values()) connection.close();
      held.clear();
    },
  };
}

function isFresh({ openedAt, usedAt, usedMonotonic }: Held, now: number, monotonic: number): boolean {
  const idle = now - usedAt;
  if (idle < 0 || idle > VALKEY_LIMITS.idleMillis) return false;
  if (idle - (monotonic - usedMonotonic) > VALKEY_LIMITS.frozenMillis) return false;
  return now - openedAt < VALKEY_LIMITS.oldestMillis;
}

/** `MOVED 3999 10.0.0.1:6379`; without a host, the one that was asked. */
function movedTo({ message }: ReplyError, asked: ServerAddress) {
  const [, slot, host, port] = /^MOVED (\d+) (.*):(\d+)$/.exec(message) ?? [];
  if (slot === undefined || port === undefined) return undefined;
  return { slot: Number(slot), server: { host: host || asked.host, port: Number(port) } };
}
