/** One subnet with a route table of its own in each zone; where these lead beside the network itself, others add. */
import { CfnRouteTable, CfnSubnet, CfnSubnetRouteTableAssociation, type CfnVPC } from "aws-cdk-lib/aws-ec2";
import { Fn, Tags } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { DEFAULT_ZONE_COUNT } from "./addresses.ts";

export interface ZoneSubnet {
  readonly subnetId: string;
  readonly routeTableId: string;
  /** Nothing works in the subnet before its table is in force. */
  readonly association: CfnSubnetRouteTableAssociation;
}

export interface SubnetsProps {
  readonly vpc: CfnVPC;
  /** Ids; undefined: the first ones of the account. */
  readonly zones: readonly string[] | undefined;
  /** At least one for each zone. */
  readonly cidrs: readonly string[];
}

/** `kind` begins the ids and names: `Private1`, `Private2`. */
export function subnetsOf(scope: Construct, kind: string, { vpc, zones, cidrs }: SubnetsProps): readonly ZoneSubnet[] {
  const places =
    zones?.map((availabilityZoneId) => ({ availabilityZoneId })) ??
    Array.from({ length: DEFAULT_ZONE_COUNT }, (_, zone) => ({ availabilityZone: Fn.select(zone, Fn.getAzs()) }));
  return places.map((place, index) => {
    const id = `${kind}${index + 1}`;
    const subnet = new CfnSubnet(scope, id, {
      vpcId: vpc.ref,
      ...place,
      cidrBlock: cidrs[index] as string,
      mapPublicIpOnLaunch: false,
    });
    const table = new CfnRouteTable(scope, `${id}Routes`, { vpcId: vpc.ref });
    for (const resource of [subnet, table]) Tags.of(resource).add("Name", `${vpc.stack.stackName}-${id.toLowerCase()}`);
    const association = new CfnSubnetRouteTableAssociation(scope, `${id}Association`, {
      subnetId: subnet.ref,
      routeTableId: table.ref,
    });
    return { subnetId: subnet.ref, routeTableId: table.ref, association };
  });
}
