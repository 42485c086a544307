/**
 * Sends to addresses of the public internet only: the name is looked up once, all that it stands for is judged, and the connection
 * goes to what was judged, so that a name that changes its mind between two look-ups gains nothing. Redirects are not followed, and
 * of the answer nothing but the status is read. https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { type LookupAddress, lookup as lookUp } from "node:dns";
import { request } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { WebhookMessage } from "../../core/jobs/webhook/signed-message.ts";
import { isPublicAddress } from "./public-addresses.ts";

export interface WebhookWorld {
  /** Every address of a name. */
  resolve(host: string): Promise<readonly LookupAddress[]>;
  isAllowed(address: string): boolean;
  readonly port: number;
  /** Certificates to trust instead of those that Node trusts. */
  readonly ca?: string;
  readonly withinMillis: number;
}

export const PUBLIC_INTERNET: WebhookWorld = {
  resolve: (host) =>
    new Promise((done, fail) =>
      lookUp(host, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses))),
    ),
  isAllowed: isPublicAddress,
  port: 443,
  withinMillis: 10_000,
};

/** Somebody's own network, by the operator's word: called at this address, whatever its name stands for elsewhere. */
export interface InsideReceiver {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** Certificates to trust instead of those that Node trusts. */
  readonly caPem?: string | undefined;
}

/** Where messages to a host go: to the receiver of that name, else to the public internet. */
export function webhookWorldOf(host: string, inside: readonly InsideReceiver[]): WebhookWorld {
  const receiver = inside.find((each) => each.host === host);
  if (receiver === undefined) return PUBLIC_INTERNET;
  const { address, port, caPem } = receiver;
  return {
    resolve: async () => [{ address, family: isIP(address) }],
    isAllowed: (judged) => judged === address,
    port,
    ...(caPem !== undefined && { ca: caPem }),
    withinMillis: PUBLIC_INTERNET.withinMillis,
  };
}

/** Whether the receiver took it. Never rejects: whatever goes wrong, it is tried again. */
export async function sendWebhook(message: WebhookMessage, world: WebhookWorld = PUBLIC_INTERNET): Promise<boolean> {
  try {
    return await sent(message, world);
  } catch {
    return false;
  }
}

async function sent({ url, headers, body }: WebhookMessage, world: WebhookWorld): Promise<boolean> {
  const { hostname, pathname, search } = new URL(url);
  // An address is connected to without a look-up.
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0) return false;
  const addresses = await world.resolve(hostname);
  const [first] = addresses;
  if (first === undefined || !addresses.every(({ address }) => world.isAllowed(address))) return false;
  const judged: LookupFunction = (_, options, done) =>
    options.all ? done(null, [first]) : done(null, first.address, first.family);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname,
        port: world.port,
        path: `${pathname}${search}`,
        method: "POST",
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        lookup: judged,
        agent: false,
        signal: AbortSignal.timeout(world.withinMillis),
        ...(world.ca !== undefined && { ca: world.ca }),
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        resolve(status >= 200 && status < 300);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
