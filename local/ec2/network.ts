/**
 * Whether a call from a place in a VPC arrives. Zones do not fail here: what gets out from each of the place's subnets gets out, and
 * what does not from one of them does not.
 * https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html, https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 */
import type { Network, NetworkPath, NetworkPlace } from "../simulator.ts";
import { allows, INTERNET, type Peer } from "./security-groups.ts";
import type { Endpoint, Subnet, Vpc, VpcFacts } from "./vpc-facts.ts";

const HTTPS_PORT = 443;
const CACHE_PORT = 6379;
const EVERYWHERE = "0.0.0.0/0";
const OPEN: NetworkPath = { type: "open" };
const none = (why: string): NetworkPath => ({ type: "none", why });

export function networkOf(facts: VpcFacts): Network {
  return {
    pathToService(from, service) {
      const { vpc, subnets } = placed(facts, from);
      const endpoints = [...facts.endpoints.values()].filter((one) => one.vpcId === vpc.id && one.service === service);
      const byName = endpoints.find(({ by }) => by.type === "interface" && by.isUsual);
      if (byName !== undefined) return throughInterface(facts, vpc, from, byName);
      const byRoute = endpoints.find(
        ({ by }) =>
          by.type === "gateway" && subnets.every(({ routeTableId }) => isAmong(routeTableId, by.routeTableIds)),
      );
      const sendsOut = allows(rulesOf(facts, from.securityGroupIds, "egress"), HTTPS_PORT, INTERNET);
      if (byRoute !== undefined || subnets.every((subnet) => hasNat(facts, subnet))) {
        if (!sendsOut) return none(`its security groups let nothing out to port ${HTTPS_PORT}`);
        return byRoute === undefined ? OPEN : { type: "endpoint", policy: byRoute.policy };
      }
      return none(`${vpc.id} has neither an endpoint for ${service} nor NAT`);
    },
    pathToCache(from, to) {
      if (to === undefined) {
        if (from === undefined) return OPEN;
        const { vpc, subnets } = placed(facts, from);
        return subnets.every((subnet) => hasNat(facts, subnet)) ? OPEN : none(`${vpc.id} has no way to a public cache`);
      }
      const at = placed(facts, to).vpc;
      if (from === undefined) return none(`the cache is in ${at.id}, the function is not`);
      const { vpc } = placed(facts, from);
      if (vpc.id !== at.id) return none(`the cache is in ${at.id}, the function in ${vpc.id}`);
      return between(facts, vpc, from.securityGroupIds, to.securityGroupIds, CACHE_PORT);
    },
  };
}

function throughInterface(facts: VpcFacts, vpc: Vpc, from: NetworkPlace, { by, policy }: Endpoint): NetworkPath {
  const groupIds = by.type === "interface" ? by.securityGroupIds : [];
  const path = between(facts, vpc, from.securityGroupIds, groupIds, HTTPS_PORT);
  return path.type === "open" ? { type: "endpoint", policy } : path;
}

/** Out of the one, into the other: answers need no rule. */
function between(
  facts: VpcFacts,
  { cidr }: Vpc,
  from: readonly string[],
  to: readonly string[],
  port: number,
): NetworkPath {
  const peer = (groupIds: readonly string[]): Peer => ({ cidr, groupIds });
  if (!allows(rulesOf(facts, from, "egress"), port, peer(to)))
    return none(`${from.join(", ")} does not let port ${port} out`);
  if (!allows(rulesOf(facts, to, "ingress"), port, peer(from)))
    return none(`${to.join(", ")} does not let port ${port} in`);
  return OPEN;
}

const rulesOf = ({ groups }: VpcFacts, ids: readonly string[], way: "ingress" | "egress") =>
  ids.flatMap((id) => groups.get(id)?.[way] ?? []);

/**
 * By NAT to the internet. A route straight to an internet gateway helps no function: its interfaces have no public address.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
 */
function hasNat(facts: VpcFacts, subnet: Subnet): boolean {
  return outwards(facts, subnet).some(({ to }) => {
    const natSubnet = to.type === "nat" ? facts.subnets.get(facts.nats.get(to.id) ?? "") : undefined;
    return (
      natSubnet !== undefined &&
      outwards(facts, natSubnet).some(
        ({ to: next }) => next.type === "internet-gateway" && facts.attachments.get(next.id) === natSubnet.vpcId,
      )
    );
  });
}

const outwards = ({ routes }: VpcFacts, { routeTableId = "" }: Subnet) =>
  (routes.get(routeTableId) ?? []).filter(({ destination }) => destination === EVERYWHERE);

const isAmong = (id: string | undefined, ids: readonly string[]) => id !== undefined && ids.includes(id);

/** Throws an Error that names what is not there, or lies elsewhere: AWS would not have taken the place. */
export function placed(
  facts: VpcFacts,
  { subnetIds, securityGroupIds }: NetworkPlace,
): { readonly vpc: Vpc; readonly subnets: readonly Subnet[] } {
  const subnets = subnetIds.map((id) => existing(facts.subnets, id, "subnet"));
  for (const id of securityGroupIds) existing(facts.groups, id, "security group");
  const vpcs = new Set(subnets.map(({ vpcId }) => vpcId));
  const [vpcId, ...others] = vpcs;
  if (vpcId === undefined || others.length > 0)
    throw new Error(
      `subnets of one VPC are needed, received ${subnetIds.join(", ") || "none"} of ${[...vpcs].join(", ") || "none"}`,
    );
  return { vpc: existing(facts.vpcs, vpcId, "VPC"), subnets };
}

export function existing<T>(all: ReadonlyMap<string, T>, id: string, what: string): T {
  const found = all.get(id);
  if (found === undefined)
    throw new Error(`there is no ${what} ${id}; there is ${[...all.keys()].join(", ") || "none"}`);
  return found;
}
