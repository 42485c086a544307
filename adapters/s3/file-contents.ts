/** The bytes of customers' files in a bucket of their own. */
import type { FileContents } from "../../core/files/file-store.ts";
import type { AwsCredentials } from "../aws/credentials.ts";
import { answeredBy, dependencyUnavailable } from "../aws/dependency-error.ts";
import { presignedAddress } from "../aws/presigned-address.ts";
import { uriEncode } from "../aws/signature.ts";
import { AwsServiceError, type SignedClient, type SignedRequest } from "../aws/signed-client.ts";
import { readBody } from "../http/transport.ts";
import { ABSENT_STATUSES } from "./bucket.ts";

const answered = answeredBy("the store of files");

export interface FileContentsOptions {
  readonly client: SignedClient;
  readonly bucket: string;
  readonly region: string;
  /** As the callers of the API reach it. */
  readonly endpoint: string;
  credentials(): AwsCredentials;
  nowMillis(): number;
}

const SILENCE_TIMEOUT_MILLIS = 10_000;

export function fileContentsOn(options: FileContentsOptions): FileContents {
  const { client, bucket } = options;
  const pathOf = (name: string): string => `/${bucket}/${name.split("/").map(uriEncode).join("/")}`;

  function send(method: SignedRequest["method"], name: string, more: Partial<SignedRequest> = {}) {
    const request = { method, path: pathOf(name), headers: {}, body: "", ...more };
    return client.send({ ...request, silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS, retry: "always" });
  }

  return {
    async write(name, bytes) {
      await answered(
        send("PUT", name, { body: bytes, headers: { "content-type": "application/octet-stream" } }).then(readAll),
      );
    },
    read: (name, { first, last }) =>
      orAbsent(
        send("GET", name, { headers: { range: `bytes=${first}-${last}` } }).then((response) =>
          readBody(response, last - first + 1),
        ),
      ),
    size: (name) =>
      orAbsent(
        send("HEAD", name).then(async (response) => {
          await readBody(response);
          return Number(response.headers["content-length"]);
        }),
      ),
    async remove(name) {
      await answered(send("DELETE", name).then(readAll));
    },
    uploadAddress(name, bytes, forMillis) {
      const headers = { "content-length": String(bytes) };
      const { region, endpoint } = options;
      const request = {
        method: "PUT",
        endpoint,
        path: pathOf(name),
        headers,
        forSeconds: Math.floor(forMillis / 1000),
      } as const;
      const url = presignedAddress(request, { region, service: "s3" }, options.credentials(), options.nowMillis());
      return { url, headers };
    },
  };
}

const readAll = (response: Parameters<typeof readBody>[0]): Promise<Uint8Array> => readBody(response);

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AwsServiceError && ABSENT_STATUSES.has(error.status)) return undefined;
    throw dependencyUnavailable("the store of files", error);
  }
}
