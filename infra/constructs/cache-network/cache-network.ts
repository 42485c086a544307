/**
 * The network of a cache without a public address, and of the functions that use it: subnets from which only what is named here is
 * reached. Nothing of it is kept alive for anything else; peering or a VPN to it is the operator's.
 */
import { CfnVPC, CfnVPCEndpoint } from "aws-cdk-lib/aws-ec2";
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Aws, Tags, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { NetworkNeeds } from "../../network-needs.ts";
import { NETWORK_CIDR, PRIVATE_CIDRS } from "./addresses.ts";
import { type EndpointService, endpointPolicy } from "./endpoint-policies.ts";
import { SecurityGroups } from "./security-groups.ts";
import { subnetsOf, type ZoneSubnet } from "./subnets.ts";
import { WayToInternet } from "./way-to-internet.ts";

export interface CacheNetworkProps {
  /** Ids of availability zones. Undefined: the first two of the account. */
  readonly zones: readonly string[] | undefined;
  readonly needs: NetworkNeeds;
  /** What the roles of the functions allow. */
  readonly roleStatements: readonly PolicyStatement[];
}

export class CacheNetwork extends Construct {
  readonly vpcId: string;
  readonly subnets: readonly ZoneSubnet[];
  readonly groups: SecurityGroups;

  constructor(scope: Construct, id: string, { zones, needs, roleStatements }: CacheNetworkProps) {
    super(scope, id);
    // Both for private DNS: the usual names of AWS's APIs lead to the endpoints.
    const vpc = new CfnVPC(this, "Vpc", {
      cidrBlock: NETWORK_CIDR,
      enableDnsSupport: true,
      enableDnsHostnames: true,
    });
    Tags.of(vpc).add("Name", vpc.stack.stackName);
    Validations.of(vpc).acknowledge({
      id: "AwsSolutions-VPC7",
      reason:
        "Nobody comes in, and what goes out is in CloudTrail and the usage lines; a flow log would be billed by each request.",
    });
    this.vpcId = vpc.ref;
    this.subnets = subnetsOf(this, "Private", { vpc, zones, cidrs: PRIVATE_CIDRS });
    this.groups = new SecurityGroups(this, "Groups", { vpc, ports: needs.ports });
    const endpoint = (service: EndpointService) => ({
      vpcId: vpc.ref,
      serviceName: `com.amazonaws.${Aws.REGION}.${service}`,
      policyDocument: endpointPolicy(service, roleStatements),
    });
    for (const service of ["dynamodb", "s3"] as const) {
      new CfnVPCEndpoint(this, `To-${service}`, {
        ...endpoint(service),
        vpcEndpointType: "Gateway",
        routeTableIds: this.subnets.map(({ routeTableId }) => routeTableId),
      });
    }
    if (needs.wayOut.type === "nat") {
      new WayToInternet(this, "Internet", { vpc, zones, privateSubnets: this.subnets });
      return;
    }
    for (const service of needs.wayOut.services) {
      new CfnVPCEndpoint(this, `To-${service}`, {
        ...endpoint(service),
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: this.subnets.map(({ subnetId }) => subnetId),
        securityGroupIds: [this.groups.endpoints],
      });
    }
  }
}
