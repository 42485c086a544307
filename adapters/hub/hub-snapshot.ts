/** What the Hub says of one revision of a model: its commit, and its files with their digests. */
import type { Hub } from "./hub.ts";
import type { HubModel } from "./hub-model.ts";
import { isRetryable, withRetries } from "./retries.ts";

export interface HubSnapshot {
  readonly id: string;
  /** Commit, 40 hex digits: what `revision` meant at this moment. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  readonly digest: HubDigest;
}

/** Large files (LFS) are named by the SHA-256 of their content, small ones by git's own digest of a blob. */
export type HubDigest =
  | { readonly type: "sha256"; readonly hex: string }
  | { readonly type: "git-blob"; readonly hex: string };

interface Sibling {
  readonly rfilename?: unknown;
  readonly size?: unknown;
  readonly blobId?: unknown;
  readonly lfs?: { readonly sha256?: unknown; readonly size?: unknown };
}

const API_MILLIS = 30_000;

/** https://huggingface.co/docs/hub/api#get-apimodelsrepoid-or-apimodelsrepoidrevisionrevision. Throws an Error in words. */
export async function readSnapshot(model: HubModel, hub: Hub): Promise<HubSnapshot> {
  const { id, revision } = model;
  const url = new URL(`/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`, hub.endpoint);
  const info = await withRetries(hub, async () => {
    const response = await hub.fetch(url, { headers: hub.headersFor(url), signal: AbortSignal.timeout(API_MILLIS) });
    if (!response.ok) throw await refusal(response, model, hub);
    return (await response.json()) as { readonly sha?: unknown; readonly siblings?: readonly Sibling[] };
  });
  if (typeof info.sha !== "string" || !Array.isArray(info.siblings)) {
    throw new Error(`${url.href} answers something else than a model of the Hub: no commit, no list of files`);
  }
  return { id, commit: info.sha, files: info.siblings.flatMap(fileOf) };
}

/** Without a digest a file cannot be checked, so it does not count as one. */
function fileOf({ rfilename: path, size, blobId, lfs }: Sibling): readonly HubFile[] {
  if (typeof path !== "string") return [];
  if (typeof lfs?.sha256 === "string" && typeof lfs.size === "number") {
    return [{ path, bytes: lfs.size, digest: { type: "sha256", hex: lfs.sha256 } }];
  }
  if (typeof blobId !== "string" || typeof size !== "number") return [];
  return [{ path, bytes: size, digest: { type: "git-blob", hex: blobId } }];
}

/** The Hub answers 401 for models that are not there as well, so that private ones cannot be guessed. */
export async function refusal(response: Response, { id, revision }: HubModel, hub: Hub): Promise<Error> {
  await response.body?.cancel();
  const { status } = response;
  const why = response.headers.get("x-error-message") ?? `HTTP ${status}`;
  const token = hub.hasToken ? "the token in HF_TOKEN does not open it" : "if it is private, set HF_TOKEN";
  switch (status) {
    case 401:
      return new Error(`the Hub does not show ${id} (${why}): there is no such model, or ${token}`);
    case 403:
      return new Error(
        `the Hub does not give ${id} away (${why}): accept its conditions at ${hub.endpoint.origin}/${id}`,
      );
    case 404:
      return new Error(`the Hub has no ${id} at revision ${revision} (${why})`);
    default:
      return isRetryable(status)
        ? Object.assign(new Error(`the Hub answers ${status} for ${id} (${why})`), { isTransient: true })
        : new Error(`the Hub answers ${status} for ${id} (${why})`);
  }
}
