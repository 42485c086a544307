/**
 * What a network must let out, for functions that have no other way: derived from what they call, never from what they might.
 * Logs, traces and images do not count: Lambda itself sends and fetches them, past the function's network.
 */
import type { CacheOptions } from "./cache-options.ts";
import { isPrivateHost, type UpstreamOptions } from "./upstream-options.ts";
import type { WebhookReceiver } from "./webhook-options.ts";

/** Last part of the endpoint's name. https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html */
export type InterfaceService = "lambda" | "sagemaker.api" | "sagemaker.runtime" | "secretsmanager";

export interface NetworkNeeds {
  readonly wayOut: WayOut;
  /** Of upstreams and receivers of webhooks, other than 443, which is open for AWS itself. */
  readonly ports: readonly number[];
}

/**
 * One or the other: with NAT every API of AWS is reached, so endpoints beside it would be paid for without use. Those of S3 and
 * DynamoDB cost nothing and are there in both cases.
 */
export type WayOut =
  | { readonly type: "endpoints"; readonly services: readonly InterfaceService[] }
  /** `because`: names of upstreams and receivers of webhooks, or the option that asked. */
  | { readonly type: "nat"; readonly because: readonly string[] };

export interface NetworkUsers {
  readonly endpoints: readonly unknown[];
  readonly upstreams: readonly Pick<UpstreamOptions, "name" | "url" | "secret">[];
  readonly webhookReceivers: readonly Pick<WebhookReceiver, "host" | "address" | "port">[];
  readonly cache?: Pick<CacheOptions, "vpc"> | undefined;
}

interface CalledService {
  readonly service: InterfaceService;
  isCalled(users: NetworkUsers): boolean;
}

/** Each with who calls it. */
const CALLED: readonly CalledService[] = [
  // The router starts every job in an invocation of its own, and forwards to model groups.
  { service: "lambda", isCalled: () => true },
  // Models on GPU endpoints are called by the one, seen and woken by the other.
  { service: "sagemaker.api", isCalled: ({ endpoints }) => endpoints.length > 0 },
  { service: "sagemaker.runtime", isCalled: ({ endpoints }) => endpoints.length > 0 },
  { service: "secretsmanager", isCalled: ({ upstreams }) => upstreams.some(({ secret }) => secret) },
];

const HTTPS_PORT = 443;

export function networkNeeds(users: NetworkUsers): NetworkNeeds {
  const { upstreams, webhookReceivers, cache } = users;
  const called = [
    ...upstreams.map(({ name, url }) => ({ name, host: new URL(url).hostname, port: portOf(new URL(url)) })),
    ...webhookReceivers.map(({ host: name, address: host, port }) => ({ name, host, port })),
  ];
  // A name may lead anywhere; only an address written as numbers is known to be within reach of a private network.
  const because = called.filter(({ host }) => !isPrivateHost(host)).map(({ name }) => name);
  if (cache?.vpc?.internet) because.push("vpc.internet");
  const ports = new Set(called.map(({ port }) => port));
  ports.delete(HTTPS_PORT);
  return {
    wayOut:
      because.length > 0
        ? { type: "nat", because }
        : {
            type: "endpoints",
            services: CALLED.filter(({ isCalled }) => isCalled(users)).map(({ service }) => service),
          },
    ports: [...ports].sort((a, b) => a - b),
  };
}

const portOf = ({ port, protocol }: URL): number => (port !== "" ? Number(port) : protocol === "https:" ? 443 : 80);
