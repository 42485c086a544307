/** What templates say. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html */
import * as z from "zod";

/** Texts from some intrinsic functions. */
const flag = z.union([z.boolean(), z.stringbool()]);
const ids = z.array(z.string()).default([]);
const cidr = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, "an IPv4 block, such as 10.0.0.0/24");

export const vpcProperties = z.object({
  CidrBlock: cidr,
  EnableDnsSupport: flag.default(true),
  EnableDnsHostnames: flag.default(false),
});

export const subnetProperties = z.object({
  VpcId: z.string(),
  CidrBlock: cidr,
});

export const routeTableProperties = z.object({ VpcId: z.string() });

export const associationProperties = z.object({ SubnetId: z.string(), RouteTableId: z.string() });

export const routeProperties = z.object({
  RouteTableId: z.string(),
  DestinationCidrBlock: cidr,
  GatewayId: z.string().optional(),
  NatGatewayId: z.string().optional(),
});

export const attachmentProperties = z.object({ VpcId: z.string(), InternetGatewayId: z.string() });

export const natGatewayProperties = z.object({
  SubnetId: z.string(),
  AllocationId: z.string(),
  ConnectivityType: z
    .literal("public", "a private NAT leads to no internet, and is not simulated here")
    .default("public"),
});

const ports = {
  /** `-1`: all, whatever the ports. */
  IpProtocol: z.coerce.string(),
  FromPort: z.coerce.number().int().optional(),
  ToPort: z.coerce.number().int().optional(),
  CidrIp: cidr.optional(),
  Description: z.string().optional(),
};
const ingress = z.strictObject({ ...ports, SourceSecurityGroupId: z.string().optional() });
const egress = z.strictObject({ ...ports, DestinationSecurityGroupId: z.string().optional() });

export const securityGroupProperties = z.object({
  VpcId: z.string(),
  SecurityGroupIngress: z.array(ingress).default([]),
  /** Absent: everything. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html */
  SecurityGroupEgress: z.array(egress).default([{ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }]),
});

export const endpointProperties = z.object({
  VpcId: z.string(),
  ServiceName: z.string(),
  VpcEndpointType: z.enum(["Gateway", "Interface"]).default("Gateway"),
  /** Absent: everything is let through. */
  PolicyDocument: z.record(z.string(), z.unknown()).optional(),
  PrivateDnsEnabled: flag.default(false),
  RouteTableIds: ids,
  SubnetIds: ids,
  SecurityGroupIds: ids,
});
