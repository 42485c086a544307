/** The network of a cache without a public address: a stack of its own, since functions hold on to it for minutes after they are gone. */
import { ArnFormat, CfnOutput, Fn, Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { CacheOptions } from "../cache-options.ts";
import { CacheNetwork } from "../constructs/cache-network/cache-network.ts";
import { roleStatements, type ServingCalls } from "../constructs/serving-function/role-statements.ts";
import { calledFunctionName, servingFunctionName } from "../constructs/serving-function/serving-function.ts";
import type { NetworkNeeds } from "../network-needs.ts";
import type { NetworkPlace } from "../network-place.ts";

export interface NetworkStackProps extends StackProps {
  readonly environment: string;
  readonly options: CacheOptions;
  readonly needs: NetworkNeeds;
  /** Model groups with a function of their own, and whether it is called by its alias. */
  readonly groups: readonly { readonly name: string; readonly provisioned: boolean }[];
  readonly calls: Pick<ServingCalls, "state" | "endpoints" | "upstreams">;
}

export class NetworkStack extends Stack {
  readonly functions: NetworkPlace;
  readonly cache: NetworkPlace;

  constructor(
    scope: Construct,
    id: string,
    { environment, options, needs, groups, calls, ...props }: NetworkStackProps,
  ) {
    super(scope, id, props);
    // By their names: the functions are made after the network.
    const arnOf = (resourceName: string) =>
      this.formatArn({
        service: "lambda",
        resource: "function",
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const network = new CacheNetwork(this, "Network", {
      zones: options.vpc?.zones,
      needs,
      // Of the router, and of what holds models: what any of the functions may do.
      roleStatements: roleStatements(this, {
        ...calls,
        isRouter: true,
        holdsModels: true,
        ownArn: arnOf(servingFunctionName(environment, "router")),
        forwardsToArns: groups.map(({ name, provisioned }) =>
          arnOf(calledFunctionName(environment, name, provisioned)),
        ),
      }),
    });
    const shared = (what: string, value: string): string => {
      const exportName = `farthing-${environment}-${what}`;
      new CfnOutput(this, what, { value, exportName });
      return Fn.importValue(exportName);
    };
    const subnetIds = network.subnets.map(({ subnetId }, zone) => shared(`Subnet${zone + 1}`, subnetId));
    this.functions = { subnetIds, securityGroupIds: [shared("FunctionsGroup", network.groups.functions)] };
    this.cache = { subnetIds, securityGroupIds: [shared("CacheGroup", network.groups.cache)] };
    // For whoever attaches another network: a peering or VPN needs both.
    new CfnOutput(this, "VpcId", { value: network.vpcId });
    new CfnOutput(this, "RouteTableIds", { value: network.subnets.map(({ routeTableId }) => routeTableId).join(",") });
  }
}
