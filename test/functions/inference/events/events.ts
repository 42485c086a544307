/** Events as API Gateway and function URLs send them (shape and field names of AWS's documentation), for any request. */
export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format */
export function restProxyEvent({ method = "POST", path, headers = {}, body }: Call): object {
  const all = {
    Accept: "*/*",
    Host: "abc123.execute-api.us-east-1.amazonaws.com",
    "X-Forwarded-Proto": "https",
    ...headers,
  };
  return {
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      resourceId: "res123",
      apiId: "abc123",
      resourcePath: "/{proxy+}",
      httpMethod: method,
      requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
      accountId: "123456789012",
      stage: "prod",
      path: `/prod${path}`,
      protocol: "HTTP/1.1",
      identity: { sourceIp: "192.0.2.1", userAgent: "test" },
    },
    body: body === undefined ? null : Buffer.from(body).toString("base64"),
    isBase64Encoded: body !== undefined,
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload */
export function functionUrlEvent({ method = "POST", path, headers = {}, body }: Call): object {
  const isText = typeof body === "string";
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers: Object.fromEntries(
      Object.entries({ accept: "*/*", ...headers }).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    requestContext: {
      accountId: "anonymous",
      apiId: "<url-id>",
      domainName: "<url-id>.lambda-url.us-east-1.on.aws",
      domainPrefix: "<url-id>",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
      requestId: "id",
      routeKey: "$default",
      stage: "$default",
      time: "12/Mar/2020:19:03:58 +0000",
      timeEpoch: 1583348638390,
    },
    ...(body !== undefined && { body: isText ? body : Buffer.from(body).toString("base64") }),
    isBase64Encoded: body !== undefined && !isText,
  };
}
