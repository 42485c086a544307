/** One call of the runtime API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html */
export interface RuntimeCall {
  readonly type: "invoke" | "invoke-with-response-stream" | "invoke-async";
  readonly endpointName: string;
}

const ROUTES: readonly { readonly path: RegExp; readonly type: RuntimeCall["type"] }[] = [
  { path: /^\/endpoints\/([^/]+)\/invocations\/?$/, type: "invoke" },
  { path: /^\/endpoints\/([^/]+)\/invocations-response-stream\/?$/, type: "invoke-with-response-stream" },
  { path: /^\/endpoints\/([^/]+)\/async-invocations\/?$/, type: "invoke-async" },
];

export function readRuntimeCall(method: string | undefined, url: URL): RuntimeCall | undefined {
  if (method !== "POST") return undefined;
  for (const { path, type } of ROUTES) {
    const endpointName = path.exec(url.pathname)?.[1];
    if (endpointName !== undefined) return { type, endpointName: decodeURIComponent(endpointName) };
  }
  return undefined;
}
