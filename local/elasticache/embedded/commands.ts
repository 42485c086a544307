/** The commands that answers need, and no more; one row each. https://valkey.io/commands/ */
import { bulk, failure, list, NOTHING, number, OK, PONG } from "./replies.ts";
import type { KeyStore } from "./store.ts";

type Command = (args: readonly Buffer[], store: KeyStore, nowMillis: number) => Buffer;

const WRONG_TYPE = failure("WRONGTYPE Operation against a key holding the wrong kind of value");
const SYNTAX = failure("ERR syntax error");
const NO_NUMBER = failure("ERR value is not an integer or out of range");

const textOf = (argument: Buffer | undefined): string => argument?.toString() ?? "";
const integerOf = (argument: Buffer | undefined): number =>
  /^-?\d{1,15}$/.test(textOf(argument)) ? Number(textOf(argument)) : Number.NaN;

/** A change that its holder alone may make: the one kind of script that is understood. */
const HOLDERS_SCRIPT =
  /^if redis\.call\('get',KEYS\[1\]\)==ARGV\[1\] then return redis\.call\('(pexpire|del)',KEYS\[1\](?:,ARGV\[2\])?\) else return 0 end$/;

const COMMANDS: Readonly<Record<string, { readonly fewest: number; readonly run: Command }>> = {
  PING: { fewest: 0, run: () => PONG },
  GET: {
    fewest: 1,
    run([key], store) {
      const value = store.get(textOf(key));
      if (value === undefined) return NOTHING;
      return value.type === "text" ? bulk(value.bytes) : WRONG_TYPE;
    },
  },
  SET: { fewest: 2, run: set },
  DEL: { fewest: 1, run: remove },
  UNLINK: { fewest: 1, run: remove },
  PEXPIRE: {
    fewest: 2,
    run([key, millis], store, now) {
      const ttl = integerOf(millis);
      return Number.isNaN(ttl) ? NO_NUMBER : number(Number(store.expire(textOf(key), now + ttl)));
    },
  },
  RPUSH: {
    fewest: 2,
    run([key, ...items], store) {
      if (store.get(textOf(key))?.type === "text") return WRONG_TYPE;
      return number(store.push(textOf(key), items));
    },
  },
  LRANGE: {
    fewest: 3,
    run([key, first, last], store) {
      const [from, to] = [integerOf(first), integerOf(last)];
      if (Number.isNaN(from) || Number.isNaN(to)) return NO_NUMBER;
      const value = store.get(textOf(key));
      if (value === undefined) return list([]);
      if (value.type === "text") return WRONG_TYPE;
      const { items } = value;
      const place = (index: number): number => (index < 0 ? items.length + index : index);
      return list(items.slice(Math.max(0, place(from)), place(to) + 1));
    },
  },
  EVAL: {
    fewest: 2,
    run([script, count, key, token, ...rest], store, now) {
      const command = HOLDERS_SCRIPT.exec(textOf(script))?.[1];
      if (command === undefined || textOf(count) !== "1") return failure("ERR this server runs no such script");
      const value = store.get(textOf(key));
      const isHolder = value?.type === "text" && value.bytes.equals(token ?? Buffer.alloc(0));
      if (!isHolder) return number(0);
      return run([Buffer.from(command), key as Buffer, ...rest], store, now);
    },
  },
  FLUSHALL: {
    fewest: 0,
    run(_, store) {
      store.clear();
      return OK;
    },
  },
};

/** A whole command, its name first. */
export function run([name, ...args]: readonly Buffer[], store: KeyStore, nowMillis: number): Buffer {
  const word = textOf(name).toUpperCase();
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (command === undefined) return failure(`ERR unknown command '${textOf(name).slice(0, 40)}'`);
  if (args.length < command.fewest) return failure(`ERR wrong number of arguments for '${word.toLowerCase()}' command`);
  return command.run(args, store, nowMillis);
}

function set([key, value, ...options]: readonly Buffer[], store: KeyStore, now: number): Buffer {
  let [onlyNew, getsOld, until] = [false, false, Number.POSITIVE_INFINITY];
  for (let i = 0; i < options.length; i++) {
    const option = textOf(options[i]).toUpperCase();
    if (option === "NX") onlyNew = true;
    else if (option === "GET") getsOld = true;
    else if (option === "PX") {
      const ttl = integerOf(options[++i]);
      if (!(ttl > 0)) return failure("ERR invalid expire time in 'set' command");
      until = now + ttl;
    } else return SYNTAX;
  }
  const before = store.get(textOf(key));
  if (getsOld && before?.type === "list") return WRONG_TYPE;
  const isSet = !onlyNew || before === undefined;
  // A copy: the argument is a part of everything that came with it.
  if (isSet) store.set(textOf(key), { type: "text", bytes: Buffer.from(value as Buffer) }, until);
  if (getsOld) return before?.type === "text" ? bulk(before.bytes) : NOTHING;
  return isSet ? OK : NOTHING;
}

function remove(keys: readonly Buffer[], store: KeyStore): Buffer {
  return number(keys.filter((key) => store.delete(textOf(key))).length);
}
