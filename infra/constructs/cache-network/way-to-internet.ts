/**
 * NAT in every zone: with a single one, the loss of its zone would take every zone's way to AWS's own APIs along, and with it the
 * whole API. Each costs about 33 USD a month, and its address 4 more. https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
 */
import {
  CfnEIP,
  CfnInternetGateway,
  CfnNatGateway,
  CfnRoute,
  type CfnVPC,
  CfnVPCGatewayAttachment,
} from "aws-cdk-lib/aws-ec2";
import { Construct } from "constructs";
import { ANYWHERE, PUBLIC_CIDRS } from "./addresses.ts";
import { subnetsOf, type ZoneSubnet } from "./subnets.ts";

export interface WayToInternetProps {
  readonly vpc: CfnVPC;
  readonly zones: readonly string[] | undefined;
  /** That get a route to the NAT of their zone. */
  readonly privateSubnets: readonly ZoneSubnet[];
}

export class WayToInternet extends Construct {
  constructor(scope: Construct, id: string, { vpc, zones, privateSubnets }: WayToInternetProps) {
    super(scope, id);
    const gateway = new CfnInternetGateway(this, "Gateway");
    const attachment = new CfnVPCGatewayAttachment(this, "Attachment", {
      vpcId: vpc.ref,
      internetGatewayId: gateway.ref,
    });
    const publicSubnets = subnetsOf(this, "Public", { vpc, zones, cidrs: PUBLIC_CIDRS });
    for (const [index, { subnetId, routeTableId, association }] of publicSubnets.entries()) {
      const zone = index + 1;
      const out = new CfnRoute(this, `Out${zone}`, {
        routeTableId,
        destinationCidrBlock: ANYWHERE,
        gatewayId: gateway.ref,
      });
      out.addDependency(attachment);
      const address = new CfnEIP(this, `Address${zone}`, { domain: "vpc" });
      address.addDependency(attachment);
      const nat = new CfnNatGateway(this, `Nat${zone}`, { subnetId, allocationId: address.attrAllocationId });
      nat.addDependency(out);
      nat.addDependency(association);
      new CfnRoute(this, `Through${zone}`, {
        routeTableId: (privateSubnets[index] as ZoneSubnet).routeTableId,
        destinationCidrBlock: ANYWHERE,
        natGatewayId: nat.ref,
      });
    }
  }
}
