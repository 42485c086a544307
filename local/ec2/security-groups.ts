/** Rules of security groups: what any of a place's groups lets through, passes. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html */
import { BlockList } from "node:net";

export interface SecurityGroup {
  readonly id: string;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

export interface Rule {
  /** `-1`: all. */
  readonly protocol: string;
  readonly fromPort: number | undefined;
  readonly toPort: number | undefined;
  readonly peer: { readonly type: "cidr"; readonly cidr: string } | { readonly type: "group"; readonly id: string };
}

/** The other side of a TCP connection: an address of its block, with its groups where it has some. */
export interface Peer {
  readonly cidr: string;
  readonly groupIds: readonly string[];
}

/** Somewhere on the internet. */
export const INTERNET: Peer = { cidr: "0.0.0.0/0", groupIds: [] };

const TCP = new Set(["tcp", "6"]);

/** Whether the rules let a connection through, to any address of the peer. */
export function allows(rules: readonly Rule[], port: number, peer: Peer): boolean {
  return rules.some(({ protocol, fromPort, toPort, peer: named }) => {
    if (protocol !== "-1" && !(TCP.has(protocol) && isBetween(port, fromPort, toPort))) return false;
    return named.type === "group" ? peer.groupIds.includes(named.id) : contains(named.cidr, peer.cidr);
  });
}

const isBetween = (port: number, from = 0, to = 65_535): boolean => port >= from && port <= to;

function contains(outer: string, inner: string): boolean {
  const [outerAddress = "", outerBits] = outer.split("/");
  const [innerAddress = "", innerBits] = inner.split("/");
  if (Number(outerBits) > Number(innerBits)) return false;
  if (Number(outerBits) === 0) return true;
  const block = new BlockList();
  block.addSubnet(outerAddress, Number(outerBits));
  return block.check(innerAddress);
}
