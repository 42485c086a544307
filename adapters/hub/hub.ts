/** The Hub as it is reached from here: where, with which token, and what it says meanwhile. */
export interface Hub {
  readonly endpoint: URL;
  readonly hasToken: boolean;
  readonly fetch: typeof fetch;
  /** Between attempts. */
  sleep(millis: number): Promise<unknown>;
  /** The token goes to the endpoint alone, never to the storage that it redirects to. */
  headersFor(url: URL): Record<string, string>;
  emit(event: HubEvent): void;
}

export type HubEvent =
  | { readonly type: "chosen"; readonly commit: string; readonly files: number; readonly bytes: number }
  /** Of all files together; a file that is there already counts as done. */
  | { readonly type: "progress"; readonly doneBytes: number; readonly bytes: number }
  | { readonly type: "retry"; readonly reason: string };

export interface HubSettings {
  /** HF_ENDPOINT: https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables */
  readonly HF_ENDPOINT?: string | undefined;
  readonly HF_TOKEN?: string | undefined;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";

/** Throws an Error when HF_ENDPOINT is no address. */
export function openHub({ HF_ENDPOINT, HF_TOKEN }: HubSettings, emit: Hub["emit"]): Hub {
  const endpoint = endpointOf(HF_ENDPOINT || DEFAULT_ENDPOINT);
  const token = HF_TOKEN?.trim();
  return {
    endpoint,
    hasToken: Boolean(token),
    fetch,
    sleep: (millis) => new Promise((done) => setTimeout(done, millis)),
    headersFor: ({ origin }) => ({
      "user-agent": "farthing",
      // What is stored is what the digest is of.
      "accept-encoding": "identity",
      ...(token && origin === endpoint.origin && { authorization: `Bearer ${token}` }),
    }),
    emit,
  };
}

function endpointOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new Error(`HF_ENDPOINT is "${address}"; it must be an address such as ${DEFAULT_ENDPOINT}`);
}
