import type { IncomingMessage } from "node:http";

/**
 * The operator's secret is public (iam/operator.ts), so a page on any web site could sign requests with it and have the
 * visitor's browser send them here. Two checks keep such pages out: the browser says that the request crosses sites, or
 * the page reached the loopback address under a name of its own (DNS rebinding).
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function comesFromForeignPage(message: IncomingMessage): boolean {
  return message.headers["sec-fetch-site"] === "cross-site" || !isLoopbackHost(message.headers.host);
}

/** `bucket.localhost` too: the SDK's virtual-hosted form of S3. */
function isLoopbackHost(host: string | undefined): boolean {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === "127.0.0.1" || name === "[::1]" || name === "localhost" || name.endsWith(".localhost");
}
