/** One file of the Hub → disk: resumed where an earlier attempt ended, checked by its digest, then moved to its name. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Hub } from "./hub.ts";
import { type HubFile, type HubSnapshot, refusal } from "./hub-snapshot.ts";
import { withRetries } from "./retries.ts";

export interface Download {
  readonly snapshot: HubSnapshot;
  readonly file: HubFile;
  /** Where it goes; what has arrived so far lies beside it as `.partial`. */
  readonly target: string;
  readonly hub: Hub;
  /** How many bytes of it are on disk. */
  onBytes(done: number): void;
}

const MAX_REDIRECTS = 5;
/** A line on which nothing arrives for so long is dead. */
const IDLE_MILLIS = 60_000;

/** Throws an Error that names the file: refused, broken off too often, or not what its digest says. */
export async function downloadFile(download: Download): Promise<void> {
  const { file, target, onBytes } = download;
  if ((await sizeOf(target)) === file.bytes && (await digestOf(target, file)) === file.digest.hex) {
    onBytes(file.bytes);
    return;
  }
  const partial = `${target}.partial`;
  await mkdir(dirname(target), { recursive: true });
  const wasThere = ((await sizeOf(partial)) ?? 0) > 0;
  let found = await fetchWhole(download, partial);
  if (found !== file.digest.hex && wasThere) {
    // What an earlier run left may be damaged: once more, from the first byte on.
    await rm(partial, { force: true });
    found = await fetchWhole(download, partial);
  }
  if (found !== file.digest.hex) {
    await rm(partial, { force: true });
    throw new Error(`${file.path} is not what the Hub says: its digest is ${found}, not ${file.digest.hex}`);
  }
  await rename(partial, target);
}

/** Answers the digest of what arrived, all of it. */
async function fetchWhole(download: Download, partial: string): Promise<string> {
  const { file, hub } = download;
  let done = (await sizeOf(partial)) ?? 0;
  if (done > file.bytes) {
    await rm(partial);
    done = 0;
  }
  const progress = () => done;
  await withRetries(
    hub,
    async () => {
      done = (await sizeOf(partial)) ?? 0;
      if (done === file.bytes && done > 0) return;
      await append(download, partial, done, (bytes) => {
        done = bytes;
        download.onBytes(bytes);
      });
    },
    progress,
  );
  return digestOf(partial, file);
}

async function append(download: Download, partial: string, from: number, onBytes: (done: number) => void) {
  const { file } = download;
  const idle = new AbortController();
  let timer = setTimeout(() => idle.abort(), IDLE_MILLIS);
  try {
    const response = await request(download, from, idle.signal);
    // A server without ranges sends the file from its beginning.
    const resumed = response.status === 206;
    let done = resumed ? from : 0;
    const output = await open(partial, resumed ? "a" : "w");
    try {
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => idle.abort(), IDLE_MILLIS);
        done += chunk.length;
        if (done > file.bytes)
          throw new Error(`${file.path} is longer than the ${file.bytes} bytes that the Hub names`);
        await output.writeFile(chunk);
        onBytes(done);
      }
    } finally {
      await output.close();
    }
    if (done < file.bytes) throw transient(`${file.path} broke off after ${done} of ${file.bytes} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

/** Follows redirects by hand: the token must not leave the Hub. */
async function request({ snapshot, file, hub }: Download, from: number, signal: AbortSignal): Promise<Response> {
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  let url = new URL(`/${snapshot.id}/resolve/${snapshot.commit}/${path}`, hub.endpoint);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const headers = { ...hub.headersFor(url), ...(from > 0 && { range: `bytes=${from}-` }) };
    const response = await hub.fetch(url, { headers, redirect: "manual", signal });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      if (response.ok) return response;
      throw await refusal(response, { id: `${snapshot.id}/${file.path}`, revision: snapshot.commit }, hub);
    }
    await response.body?.cancel();
    url = new URL(location, url);
  }
  throw new Error(`${file.path}: the Hub redirects more than ${MAX_REDIRECTS} times`);
}

async function digestOf(path: string, { digest, bytes }: HubFile): Promise<string> {
  const hash: Hash = createHash(digest.type === "sha256" ? "sha256" : "sha1");
  // https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  if (digest.type === "git-blob") hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const sizeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.size;

const transient = (message: string): Error => Object.assign(new Error(message), { isTransient: true });
