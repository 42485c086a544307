/**
 * Addresses of the network: of the range that providers use among themselves, which no office network has, so that one can be
 * attached for upstreams in it. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
 */
export const NETWORK_CIDR = "100.64.0.0/24";

/**
 * By zone: 59 addresses for the functions' interfaces (one for 65,000 connections, however many environments), the cache's and
 * the endpoints'. https://docs.aws.amazon.com/lambda/latest/dg/foundation-networking.html
 */
export const PRIVATE_CIDRS = ["100.64.0.0/26", "100.64.0.64/26", "100.64.0.128/26"] as const;

/** By zone: 11 addresses, of which a NAT gateway takes one. */
export const PUBLIC_CIDRS = ["100.64.0.192/28", "100.64.0.208/28", "100.64.0.224/28"] as const;

export const ANYWHERE = "0.0.0.0/0";

/** Zones where the configuration has none: the first ones that the account has. */
export const DEFAULT_ZONE_COUNT = 2;
