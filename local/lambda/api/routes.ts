/** One call of the Lambda API that is answered here. */
export type LambdaCall =
  | { readonly type: "invoke"; readonly functionName: string; readonly qualifier?: string }
  | { readonly type: "invoke-with-response-stream"; readonly functionName: string; readonly qualifier?: string }
  | { readonly type: "get-function"; readonly functionName: string; readonly qualifier?: string }
  | { readonly type: "get-function-configuration"; readonly functionName: string; readonly qualifier?: string }
  | { readonly type: "list-functions" };

/** https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html */
const ROUTES: readonly {
  readonly method: string;
  readonly path: RegExp;
  readonly type: Exclude<LambdaCall["type"], "list-functions">;
}[] = [
  { method: "POST", path: /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/, type: "invoke" },
  {
    method: "POST",
    path: /^\/2021-11-15\/functions\/([^/]+)\/response-streaming-invocations\/?$/,
    type: "invoke-with-response-stream",
  },
  { method: "GET", path: /^\/2015-03-31\/functions\/([^/]+)\/configuration\/?$/, type: "get-function-configuration" },
  { method: "GET", path: /^\/2015-03-31\/functions\/([^/]+)\/?$/, type: "get-function" },
];

export function readCall(method: string | undefined, url: URL): LambdaCall | undefined {
  if (method === "GET" && /^\/2015-03-31\/functions\/?$/.test(url.pathname)) return { type: "list-functions" };
  for (const route of ROUTES) {
    const name = route.method === method ? route.path.exec(url.pathname)?.[1] : undefined;
    if (name === undefined) continue;
    const qualifier = url.searchParams.get("Qualifier");
    return {
      type: route.type,
      functionName: decode(name),
      ...(qualifier === null ? {} : { qualifier }),
    };
  }
  return undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
