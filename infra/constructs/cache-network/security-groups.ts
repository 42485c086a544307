/** Who may speak to whom in the network: functions to the cache, to the endpoints, and out; nobody to the functions. */
import { CfnSecurityGroup, type CfnVPC } from "aws-cdk-lib/aws-ec2";
import { Construct } from "constructs";
import { ANYWHERE, NETWORK_CIDR } from "./addresses.ts";

/** 6380 leads to the replicas. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/GettingStarted.serverless-valkey.step1.html */
export const CACHE_PORTS = { from: 6379, to: 6380 } as const;
const HTTPS_PORT = 443;

export interface SecurityGroupsProps {
  readonly vpc: CfnVPC;
  /** Of servers that functions call, beside 443. */
  readonly ports: readonly number[];
}

const tcp = (from: number, to = from) => ({ ipProtocol: "tcp", fromPort: from, toPort: to });
/** Without an egress rule a group lets everything out; this one leads nowhere. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html */
const NOTHING_OUT = [
  { ipProtocol: "icmp", fromPort: 252, toPort: 86, cidrIp: "255.255.255.255/32", description: "Nothing" },
];

export class SecurityGroups extends Construct {
  readonly functions: string;
  readonly cache: string;
  /** Of interface endpoints. */
  readonly endpoints: string;

  constructor(scope: Construct, id: string, { vpc, ports }: SecurityGroupsProps) {
    super(scope, id);
    // To anywhere, because the addresses of S3 and DynamoDB are a list that CloudFormation cannot name: where a call gets to is
    // decided by the routes, and by the endpoints' policies.
    const out = [HTTPS_PORT, ...ports].map((port) => ({
      ...tcp(port),
      cidrIp: ANYWHERE,
      description: port === HTTPS_PORT ? "AWS, upstreams, webhooks" : "Upstreams, webhooks",
    }));
    const toCache = { ...tcp(CACHE_PORTS.from, CACHE_PORTS.to), cidrIp: NETWORK_CIDR, description: "The cache" };
    this.functions = this.group("Functions", vpc, "Serving functions: nobody comes in", { egress: [...out, toCache] });
    const fromFunctions = (ports: ReturnType<typeof tcp>) => ({
      ingress: [{ ...ports, sourceSecurityGroupId: this.functions, description: "Serving functions" }],
      egress: NOTHING_OUT,
    });
    this.cache = this.group("Cache", vpc, "The cache", fromFunctions(tcp(CACHE_PORTS.from, CACHE_PORTS.to)));
    this.endpoints = this.group("Endpoints", vpc, "APIs of AWS", fromFunctions(tcp(HTTPS_PORT)));
  }

  private group(
    id: string,
    vpc: CfnVPC,
    what: string,
    rules: {
      readonly ingress?: CfnSecurityGroup.IngressProperty[];
      readonly egress: CfnSecurityGroup.EgressProperty[];
    },
  ): string {
    return new CfnSecurityGroup(this, id, {
      vpcId: vpc.ref,
      groupDescription: what,
      ...(rules.ingress && { securityGroupIngress: rules.ingress }),
      securityGroupEgress: rules.egress,
    }).attrGroupId;
  }
}
