/** The network of a cache without a public address, as it is synthesised: `vpc` with endpoints, `nat` with a way to the internet. */
import { idleCost } from "../../core/pricing/deployment-cost.ts";
import { usEast1 } from "../../core/pricing/price-book.ts";
import { parseConfig } from "../../infra/config.ts";
import { serviceOf } from "../../infra/constructs/cache-network/endpoint-policies.ts";
import { idleCostTable } from "../../infra/idle-cost-table.ts";
import { assembly, resources } from "./assembly.ts";

const ofType = (variant: string, type: string) => resources(assembly(variant), `AWS::${type}`);
const properties = (variant: string, type: string) => ofType(variant, type).map(({ Properties }) => Properties ?? {});

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Condition?: unknown;
  readonly Principal?: unknown;
}
const list = (value: string | readonly string[]) => [value].flat();

/** `com.amazonaws.` and the region aside. */
const serviceName = (endpoint: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(endpoint.ServiceName).match(/\.((?:sagemaker\.)?[a-z0-9]+)"/)?.[1] ?? "";

const endpoints = (variant: string) =>
  Object.fromEntries(properties(variant, "EC2::VPCEndpoint").map((endpoint) => [serviceName(endpoint), endpoint]));

test("S3 and DynamoDB by gateways, for every private subnet; the rest by interfaces under its usual name", () => {
  const found = endpoints("vpc");
  expect(Object.keys(found).sort()).toEqual([
    "dynamodb",
    "lambda",
    "s3",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
  ]);
  for (const [service, endpoint] of Object.entries(found)) {
    if (service === "s3" || service === "dynamodb") {
      expect(endpoint.VpcEndpointType).toBe("Gateway");
      expect(endpoint.RouteTableIds).toHaveLength(2);
    } else {
      expect(endpoint).toMatchObject({ VpcEndpointType: "Interface", PrivateDnsEnabled: true });
      expect(endpoint.SubnetIds).toHaveLength(2);
      expect(endpoint.SecurityGroupIds).toHaveLength(1);
    }
  }
});

test("without anything public there is no gateway, no NAT, no address, and no route but the network's own", () => {
  for (const type of ["InternetGateway", "NatGateway", "EIP", "Route"])
    expect(ofType("vpc", `EC2::${type}`)).toEqual([]);
  for (const { MapPublicIpOnLaunch } of properties("vpc", "EC2::Subnet")) expect(MapPublicIpOnLaunch).toBe(false);
});

test("an upstream on the internet gets NAT in every zone, and no endpoint that costs", () => {
  expect(Object.keys(endpoints("nat")).sort()).toEqual(["dynamodb", "s3"]);
  expect(ofType("nat", "EC2::NatGateway")).toHaveLength(3);
  expect(ofType("nat", "EC2::EIP")).toHaveLength(3);
  const routes = properties("nat", "EC2::Route");
  expect(routes.filter(({ NatGatewayId }) => NatGatewayId !== undefined)).toHaveLength(3);
  expect(routes.filter(({ GatewayId }) => GatewayId !== undefined)).toHaveLength(3);
  const zones = properties("nat", "EC2::Subnet").map(({ AvailabilityZoneId }) => AvailabilityZoneId);
  expect(zones.sort()).toEqual([1, 1, 2, 2, 3, 3].map((zone) => `euc1-az${zone}`));
});

test.each(["vpc", "nat"])(
  "%s: the cache has no public address, and every function that serves is beside it",
  (variant) => {
    const [cache] = properties(variant, "ElastiCache::ServerlessCache");
    expect(cache).not.toHaveProperty("ConnectionType");
    const zones = variant === "nat" ? 3 : 2;
    expect(cache?.SubnetIds).toHaveLength(zones);
    expect(cache?.SecurityGroupIds).toHaveLength(1);
    const functions = ofType(variant, "Lambda::Function");
    for (const { Properties } of functions) {
      const serves = JSON.stringify(Properties).includes("FARTHING_DEPLOYMENT");
      const { VpcConfig } = Properties as { readonly VpcConfig?: { readonly SubnetIds: unknown } };
      expect(VpcConfig !== undefined).toBe(serves);
      if (serves) expect(VpcConfig?.SubnetIds).toEqual(cache?.SubnetIds);
    }
  },
);

test("functions are reached by nobody, the cache and the endpoints by functions only", () => {
  const groups = properties("vpc", "EC2::SecurityGroup");
  const rules = (what: RegExp, way: "Ingress" | "Egress") =>
    (groups.find(({ GroupDescription }) => what.test(String(GroupDescription)))?.[`SecurityGroup${way}`] ?? []) as {
      readonly FromPort: number;
      readonly ToPort: number;
      readonly CidrIp?: string;
    }[];
  const ports = (what: RegExp, way: "Ingress" | "Egress") =>
    rules(what, way).map((rule) => [rule.FromPort, rule.ToPort]);
  expect(ports(/functions/, "Ingress")).toEqual([]);
  expect(ports(/functions/, "Egress")).toEqual([
    [443, 443],
    [8000, 8000],
    [6379, 6380],
  ]);
  expect(ports(/cache/, "Ingress")).toEqual([[6379, 6380]]);
  expect(ports(/APIs/, "Ingress")).toEqual([[443, 443]]);
  for (const { CidrIp } of [...rules(/cache/, "Ingress"), ...rules(/APIs/, "Ingress")]) expect(CidrIp).toBeUndefined();
});

test.each(["vpc", "nat"])("%s: an endpoint lets through what the roles behind it may do, and no more", (variant) => {
  const behind = ofType(variant, "IAM::Role").filter(({ id }) => /^(Router|Group)/.test(id));
  const ofRoles = behind.flatMap(({ Properties }) =>
    ((Properties?.Policies ?? []) as readonly { readonly PolicyDocument: { readonly Statement: Statement[] } }[])
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter(({ Effect }) => Effect === "Allow"),
  );
  for (const [service, endpoint] of Object.entries(endpoints(variant))) {
    const { Statement } = endpoint.PolicyDocument as { readonly Statement: readonly Statement[] };
    const pairs = (statements: readonly Statement[]) =>
      new Set(
        statements.flatMap(({ Sid, Action }) =>
          list(Action)
            .filter((action) => serviceOf(action) === service)
            .map((action) => `${Sid} ${action}`),
        ),
      );
    expect(pairs(Statement)).toEqual(pairs(ofRoles));
    for (const { Principal, Condition } of Statement) {
      expect(Principal).toEqual({ AWS: "*" });
      expect(Condition).toEqual({ StringEquals: { "aws:PrincipalAccount": { Ref: "AWS::AccountId" } } });
    }
  }
});

test("Lambda may make interfaces with the role, the function's own code may not", () => {
  const roles = ofType("vpc", "IAM::Role").filter(({ id }) => /^(Router|Group)/.test(id));
  expect(roles.length).toBeGreaterThan(1);
  for (const { Properties } of roles) {
    const text = JSON.stringify(Properties);
    expect(text).toContain("ec2:CreateNetworkInterface");
    const statements = (Properties?.Policies as { PolicyDocument: { Statement: Statement[] } }[])[0]?.PolicyDocument
      .Statement;
    const about = statements?.filter(({ Action }) => list(Action).includes("ec2:CreateNetworkInterface")) ?? [];
    expect(about.map(({ Effect }) => Effect).sort()).toEqual(["Allow", "Deny"]);
    expect(about.find(({ Effect }) => Effect === "Deny")?.Condition).toHaveProperty([
      "ArnEquals",
      "lambda:SourceFunctionArn",
    ]);
  }
});

describe("what it costs while nobody asks is printed", () => {
  const table = (variant: string) => idleCostTable("prod", Object.values(assembly(variant).templates), usEast1);
  const sum = (variant: string, item: RegExp) =>
    idleCost(Object.values(assembly(variant).templates), usEast1)
      .lines.filter((line) => item.test(line.item))
      .reduce((total, { usd }) => total + usd, 0);

  test("each endpoint in each zone, 0.01 USD an hour", () => {
    for (const service of ["lambda", "sagemaker.api", "sagemaker.runtime", "secretsmanager"])
      expect(table("vpc")).toMatch(new RegExp(`endpoint of ${service} in the VPC +2 zones × 7.3 USD +14.60\n`));
    expect(sum("vpc", /VPC|IPv4/)).toBeCloseTo(4 * 2 * 0.01 * 730, 6);
    expect(table("vpc")).not.toContain("not in this sum");
  });

  test("NAT and its address in each zone", () => {
    expect(table("nat")).toMatch(/way from the VPC to the internet \(NAT\) +3 zones × 32.85 USD +98.55\n/);
    expect(table("nat")).toMatch(/public IPv4 addresses +3 addresses × 3.65 USD +10.95\n/);
    expect(sum("nat", /VPC|IPv4/)).toBeCloseTo(3 * (0.045 + 0.005) * 730, 6);
  });

  test("nothing of it by default", () => {
    for (const type of ["VPC", "VPCEndpoint", "SecurityGroup"]) expect(ofType("instances", `EC2::${type}`)).toEqual([]);
    expect(table("instances")).not.toMatch(/VPC|IPv4/);
  });
});

describe("what cannot be is refused in words", () => {
  const complaint = (cache: object, more: object = {}): string => {
    try {
      parseConfig({ environments: { prod: { modelGroups: [{ name: "small" }], cache, ...more } } });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("a network that is none of the two", () => {
    expect(complaint({ network: "private" })).toMatch(/"public-iam"\|"vpc"/);
  });

  test("options of a network that is not there", () => {
    expect(complaint({ vpc: { internet: true } })).toContain("this cache has none");
  });

  test("zones: two or three that differ, by their ids", () => {
    const zones = (...ids: string[]) => complaint({ network: "vpc", vpc: { zones: ids } });
    expect(zones("euc1-az1", "euc1-az2")).toBe("");
    expect(zones("euc1-az1")).not.toBe("");
    expect(zones("euc1-az1", "euc1-az1")).toContain("zones that differ");
    expect(zones("eu-central-1a", "eu-central-1b")).toContain("the id of an availability zone, such as");
  });

  test("a group on instances, which are in another network", () => {
    const instances = {
      modelGroups: [
        {
          name: "steady",
          memoryMb: 4096,
          placement: {
            kind: "managed-instances",
            network: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
          },
        },
      ],
    };
    expect(complaint({ network: "vpc" }, instances)).toContain('group "steady" runs on instances in another');
    expect(complaint({}, instances)).toBe("");
  });
});
