/** Networks as this machine knows them. */
import type { Policy } from "../iam/policy-document.ts";
import type { SecurityGroup } from "./security-groups.ts";

export interface Vpc {
  readonly id: string;
  readonly cidr: string;
  readonly hasDns: boolean;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  /** Undefined: only the network itself is reached. */
  routeTableId: string | undefined;
}

/** Beside the network itself. */
export interface Route {
  readonly destination: string;
  readonly to:
    | { readonly type: "internet-gateway"; readonly id: string }
    | { readonly type: "nat"; readonly id: string };
}

export interface Endpoint {
  readonly id: string;
  readonly vpcId: string;
  /** As in its name: `sagemaker.runtime` of `com.amazonaws.us-east-1.sagemaker.runtime`. */
  readonly service: string;
  readonly policy: Policy;
  readonly by:
    | { readonly type: "gateway"; readonly routeTableIds: readonly string[] }
    /** `isUsual`: the service's usual name leads to it. */
    | { readonly type: "interface"; readonly isUsual: boolean; readonly securityGroupIds: readonly string[] };
}

export interface VpcFacts {
  readonly vpcs: Map<string, Vpc>;
  readonly subnets: Map<string, Subnet>;
  /** Route table → its routes. */
  readonly routes: Map<string, Route[]>;
  /** Internet gateway → the VPC that it is attached to. */
  readonly attachments: Map<string, string>;
  /** NAT gateway → its subnet. */
  readonly nats: Map<string, string>;
  readonly groups: Map<string, SecurityGroup>;
  readonly endpoints: Map<string, Endpoint>;
}

export const emptyVpcFacts = (): VpcFacts => ({
  vpcs: new Map(),
  subnets: new Map(),
  routes: new Map(),
  attachments: new Map(),
  nats: new Map(),
  groups: new Map(),
  endpoints: new Map(),
});
