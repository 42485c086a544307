import { createHash } from "node:crypto";
import { parsePolicy } from "../iam/policy-document.ts";
import { readProperties } from "../resource-properties.ts";
import type { Network, ResolvedResource, ResourceBehaviour, Simulator, SimulatorContext } from "../simulator.ts";
import {
  associationProperties,
  attachmentProperties,
  endpointProperties,
  natGatewayProperties,
  routeProperties,
  routeTableProperties,
  securityGroupProperties,
  subnetProperties,
  vpcProperties,
} from "./definitions.ts";
import { existing, networkOf, placed } from "./network.ts";
import type { Rule } from "./security-groups.ts";
import { type Endpoint, emptyVpcFacts } from "./vpc-facts.ts";

/** What AWS lets through where a template says nothing. */
const EVERYTHING = { Statement: { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" } };
const TAGS = { Tags: "no policy here compares tags" };

/** VPCs of the templates: nothing flows through them, but who reaches what is decided by them. */
export function createEc2Simulator({ region }: Pick<SimulatorContext, "region">): Simulator & Network {
  const facts = emptyVpcFacts();
  const network = networkOf(facts);

  const resources: Readonly<Record<string, ResourceBehaviour>> = {
    "AWS::EC2::VPC": {
      honoured: Object.keys(vpcProperties.shape),
      ignored: { ...TAGS, InstanceTenancy: "there are no instances here" },
      async create(resource) {
        const { CidrBlock, EnableDnsSupport, EnableDnsHostnames } = readProperties(resource, vpcProperties);
        const id = newId("vpc", resource);
        facts.vpcs.set(id, { id, cidr: CidrBlock, hasDns: EnableDnsSupport && EnableDnsHostnames });
        return { ref: id, attributes: { VpcId: id, CidrBlock } };
      },
    },
    "AWS::EC2::Subnet": {
      honoured: Object.keys(subnetProperties.shape),
      ignored: {
        ...TAGS,
        AvailabilityZone: "no zone fails here",
        AvailabilityZoneId: "no zone fails here",
        MapPublicIpOnLaunch: "there are no instances here",
      },
      async create(resource) {
        const { VpcId, CidrBlock } = readProperties(resource, subnetProperties);
        existing(facts.vpcs, VpcId, "VPC");
        const id = newId("subnet", resource);
        facts.subnets.set(id, { id, vpcId: VpcId, routeTableId: undefined });
        return { ref: id, attributes: { SubnetId: id, VpcId, CidrBlock } };
      },
    },
    "AWS::EC2::RouteTable": {
      honoured: Object.keys(routeTableProperties.shape),
      ignored: TAGS,
      async create(resource) {
        existing(facts.vpcs, readProperties(resource, routeTableProperties).VpcId, "VPC");
        const id = newId("rtb", resource);
        facts.routes.set(id, []);
        return { ref: id, attributes: { RouteTableId: id } };
      },
    },
    "AWS::EC2::SubnetRouteTableAssociation": {
      honoured: Object.keys(associationProperties.shape),
      async create(resource) {
        const { SubnetId, RouteTableId } = readProperties(resource, associationProperties);
        existing(facts.routes, RouteTableId, "route table");
        existing(facts.subnets, SubnetId, "subnet").routeTableId = RouteTableId;
        const id = newId("rtbassoc", resource);
        return { ref: id, attributes: { Id: id } };
      },
    },
    "AWS::EC2::Route": {
      honoured: Object.keys(routeProperties.shape),
      async create(resource) {
        const { RouteTableId, DestinationCidrBlock, GatewayId, NatGatewayId } = readProperties(
          resource,
          routeProperties,
        );
        const table = existing(facts.routes, RouteTableId, "route table");
        if ((GatewayId === undefined) === (NatGatewayId === undefined))
          throw new Error(
            `${resource.stack}/${resource.logicalId}: one of GatewayId and NatGatewayId is simulated here`,
          );
        table.push({
          destination: DestinationCidrBlock,
          to:
            NatGatewayId === undefined
              ? { type: "internet-gateway", id: GatewayId as string }
              : { type: "nat", id: NatGatewayId },
        });
        return { ref: `${RouteTableId}|${DestinationCidrBlock}` };
      },
    },
    "AWS::EC2::InternetGateway": {
      honoured: [],
      ignored: TAGS,
      async create(resource) {
        const id = newId("igw", resource);
        return { ref: id, attributes: { InternetGatewayId: id } };
      },
    },
    "AWS::EC2::VPCGatewayAttachment": {
      honoured: Object.keys(attachmentProperties.shape),
      async create(resource) {
        const { VpcId, InternetGatewayId } = readProperties(resource, attachmentProperties);
        existing(facts.vpcs, VpcId, "VPC");
        facts.attachments.set(InternetGatewayId, VpcId);
        return { ref: `IGW|${VpcId}`, attributes: { AttachmentType: "IGW" } };
      },
    },
    "AWS::EC2::EIP": {
      honoured: [],
      ignored: { ...TAGS, Domain: "no address is given here" },
      async create(resource) {
        // Of the range that is kept for documentation.
        return {
          ref: "203.0.113.1",
          attributes: { AllocationId: newId("eipalloc", resource), PublicIp: "203.0.113.1" },
        };
      },
    },
    "AWS::EC2::NatGateway": {
      honoured: Object.keys(natGatewayProperties.shape),
      ignored: TAGS,
      async create(resource) {
        const { SubnetId } = readProperties(resource, natGatewayProperties);
        existing(facts.subnets, SubnetId, "subnet");
        const id = newId("nat", resource);
        facts.nats.set(id, SubnetId);
        return { ref: id, attributes: { NatGatewayId: id } };
      },
    },
    "AWS::EC2::SecurityGroup": {
      honoured: Object.keys(securityGroupProperties.shape),
      ignored: { ...TAGS, GroupDescription: "text for people", GroupName: "groups are known by id here" },
      async create(resource) {
        const { VpcId, SecurityGroupIngress, SecurityGroupEgress } = readProperties(resource, securityGroupProperties);
        existing(facts.vpcs, VpcId, "VPC");
        const id = newId("sg", resource);
        facts.groups.set(id, {
          id,
          ingress: SecurityGroupIngress.map((rule) => ruleOf(resource, rule, rule.SourceSecurityGroupId)),
          egress: SecurityGroupEgress.map((rule) => ruleOf(resource, rule, rule.DestinationSecurityGroupId)),
        });
        return { ref: id, attributes: { GroupId: id, VpcId } };
      },
    },
    "AWS::EC2::VPCEndpoint": {
      honoured: Object.keys(endpointProperties.shape),
      ignored: TAGS,
      async create(resource) {
        const id = newId("vpce", resource);
        facts.endpoints.set(id, readEndpoint(resource, id));
        return { ref: id, attributes: { Id: id } };
      },
    },
  };

  function readEndpoint(resource: ResolvedResource, id: string): Endpoint {
    const properties = readProperties(resource, endpointProperties);
    const where = `${resource.stack}/${resource.logicalId}`;
    const { VpcId, ServiceName, PrivateDnsEnabled, SubnetIds, SecurityGroupIds, RouteTableIds } = properties;
    const { hasDns } = existing(facts.vpcs, VpcId, "VPC");
    const prefix = `com.amazonaws.${region}.`;
    if (!ServiceName.startsWith(prefix))
      throw new Error(`${where}: ServiceName is "${ServiceName}"; those here begin with "${prefix}"`);
    const known = {
      id,
      vpcId: VpcId,
      service: ServiceName.slice(prefix.length),
      policy: parsePolicy(properties.PolicyDocument ?? EVERYTHING, "resource", `policy of endpoint ${where}`),
    };
    if (properties.VpcEndpointType === "Gateway") {
      for (const table of RouteTableIds) existing(facts.routes, table, "route table");
      return { ...known, by: { type: "gateway", routeTableIds: RouteTableIds } };
    }
    placed(facts, { subnetIds: SubnetIds, securityGroupIds: SecurityGroupIds });
    // https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html#considerations-interface-endpoints
    if (PrivateDnsEnabled && !hasDns)
      throw new Error(`${where}: private DNS needs EnableDnsSupport and EnableDnsHostnames of ${VpcId}`);
    return { ...known, by: { type: "interface", isUsual: PrivateDnsEnabled, securityGroupIds: SecurityGroupIds } };
  }

  return { resources, ...network };
}

interface RuleProperties {
  readonly IpProtocol: string;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
}

function ruleOf(
  { stack, logicalId }: ResolvedResource,
  { IpProtocol, FromPort, ToPort, CidrIp }: RuleProperties,
  groupId: string | undefined,
): Rule {
  if ((CidrIp === undefined) === (groupId === undefined))
    throw new Error(`${stack}/${logicalId}: a rule names either CidrIp or a security group`);
  return {
    protocol: IpProtocol,
    fromPort: FromPort,
    toPort: ToPort,
    peer: CidrIp === undefined ? { type: "group", id: groupId as string } : { type: "cidr", cidr: CidrIp },
  };
}

/** `subnet-0a1b2c3d4e5f60718`: the same in every run, so that state of a run can be told from its ids. */
function newId(prefix: string, { stack, logicalId }: ResolvedResource): string {
  return `${prefix}-${createHash("sha256").update(`${stack}/${logicalId}`).digest("hex").slice(0, 17)}`;
}
