/** What every conformance suite needs: where the API answers, and a key. The same suites run on one machine and on AWS. */
export interface Deployment {
  /** Without a trailing slash. */
  readonly url: string;
  readonly apiKey: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the bodies under test are JSON of every shape, wrong ones included.
  readonly body: any;
}

export async function call(
  deployment: Deployment,
  path: string,
  options: { readonly method?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const raw = typeof options.body === "string" || options.body instanceof Uint8Array;
  const response = await fetch(`${deployment.url}${path}`, {
    method: options.method ?? (options.body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${deployment.apiKey}`, "content-type": "application/json", ...options.headers },
    ...(options.body !== undefined && {
      body: raw ? (options.body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(options.body),
    }),
  });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  return { status: response.status, headers: response.headers, body: isJson && text !== "" ? JSON.parse(text) : text };
}
