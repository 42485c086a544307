/** Which calls leave a VPC: routes, endpoints, security groups, as templates say them. */
import { createEc2Simulator } from "../../../local/ec2/simulator.ts";

type Properties = Record<string, unknown>;
const HTTPS = { IpProtocol: "tcp", FromPort: 443, ToPort: 443 };
const TO_ANYWHERE = { ...HTTPS, CidrIp: "0.0.0.0/0" };

function world() {
  const ec2 = createEc2Simulator({ region: "us-east-1" });
  const make = async (type: string, logicalId: string, properties: Properties) => {
    const created = await ec2.resources[`AWS::EC2::${type}`]?.create({
      stack: "test",
      logicalId,
      type: `AWS::EC2::${type}`,
      properties,
    });
    return created?.ref as string;
  };
  const group = (id: string, VpcId: string, ingress: Properties[], egress: Properties[] = [TO_ANYWHERE]) =>
    make("SecurityGroup", id, { VpcId, SecurityGroupIngress: ingress, SecurityGroupEgress: egress });
  const network = async (id = "", dns = true) => {
    const vpc = await make("VPC", `Vpc${id}`, { CidrBlock: "10.0.0.0/24", EnableDnsHostnames: dns });
    const subnets: string[] = [];
    const tables: string[] = [];
    for (const zone of [0, 1]) {
      subnets.push(await make("Subnet", `Subnet${id}${zone}`, { VpcId: vpc, CidrBlock: `10.0.0.${zone * 64}/26` }));
      tables.push(await make("RouteTable", `Table${id}${zone}`, { VpcId: vpc }));
      await make("SubnetRouteTableAssociation", `In${id}${zone}`, {
        SubnetId: subnets[zone],
        RouteTableId: tables[zone],
      });
    }
    const functions = await group(`Functions${id}`, vpc, []);
    return { vpc, subnets, tables, functions, place: { subnetIds: subnets, securityGroupIds: [functions] } };
  };
  return { ec2, make, group, network };
}

/** One in each of the subnets' tables: `count` of them. */
async function natIn({ make }: ReturnType<typeof world>, vpc: string, tables: readonly string[], attached = true) {
  const gateway = await make("InternetGateway", "Gateway", {});
  if (attached) await make("VPCGatewayAttachment", "Attachment", { VpcId: vpc, InternetGatewayId: gateway });
  const outside = await make("Subnet", "Outside", { VpcId: vpc, CidrBlock: "10.0.0.192/28" });
  const table = await make("RouteTable", "OutsideTable", { VpcId: vpc });
  await make("SubnetRouteTableAssociation", "OutsideIn", { SubnetId: outside, RouteTableId: table });
  await make("Route", "Out", { RouteTableId: table, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gateway });
  const nat = await make("NatGateway", "Nat", { SubnetId: outside, AllocationId: "eipalloc-1" });
  for (const RouteTableId of tables)
    await make("Route", `Via${RouteTableId}`, { RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: nat });
  return gateway;
}

test("an isolated subnet reaches nothing", async () => {
  const { ec2, network } = world();
  const { vpc, place } = await network();
  expect(ec2.pathToService(place, "lambda")).toEqual({
    type: "none",
    why: `${vpc} has neither an endpoint for lambda nor NAT`,
  });
});

describe("a gateway endpoint", () => {
  test("serves the subnets whose tables it is in, all of them or none", async () => {
    const { ec2, make, network } = world();
    const { vpc, place, tables } = await network();
    const s3 = (id: string, RouteTableIds: readonly string[]) =>
      make("VPCEndpoint", id, { VpcId: vpc, ServiceName: "com.amazonaws.us-east-1.s3", RouteTableIds });
    await s3("Half", tables.slice(0, 1));
    expect(ec2.pathToService(place, "s3").type).toBe("none");
    expect(ec2.pathToService({ ...place, subnetIds: place.subnetIds.slice(0, 1) }, "s3").type).toBe("endpoint");
    await s3("Whole", tables);
    expect(ec2.pathToService(place, "s3").type).toBe("endpoint");
    expect(ec2.pathToService(place, "dynamodb").type).toBe("none");
  });

  test("is of no use to a function whose groups let nothing out to the internet's addresses", async () => {
    const { ec2, make, group, network } = world();
    const { vpc, place, tables } = await network();
    await make("VPCEndpoint", "S3", { VpcId: vpc, ServiceName: "com.amazonaws.us-east-1.s3", RouteTableIds: tables });
    const narrow = await group("Narrow", vpc, [], [{ ...HTTPS, CidrIp: "10.0.0.0/24" }]);
    expect(ec2.pathToService({ ...place, securityGroupIds: [narrow] }, "s3")).toEqual({
      type: "none",
      why: "its security groups let nothing out to port 443",
    });
    expect(ec2.pathToService({ ...place, securityGroupIds: [narrow, ...place.securityGroupIds] }, "s3").type).toBe(
      "endpoint",
    );
  });
});

describe("an interface endpoint", () => {
  const lambda = async (ingress: (functions: string) => Properties[], more: Properties = {}) => {
    const { ec2, make, group, network } = world();
    const { vpc, place, subnets, functions } = await network();
    await make("VPCEndpoint", "Lambda", {
      VpcId: vpc,
      ServiceName: "com.amazonaws.us-east-1.lambda",
      VpcEndpointType: "Interface",
      PrivateDnsEnabled: true,
      SubnetIds: subnets,
      SecurityGroupIds: [await group("Endpoints", vpc, ingress(functions))],
      ...more,
    });
    return ec2.pathToService(place, "lambda");
  };

  test("is reached under the usual name, by the group that it lets in", async () => {
    expect((await lambda((functions) => [{ ...HTTPS, SourceSecurityGroupId: functions }])).type).toBe("endpoint");
    expect((await lambda(() => [{ ...HTTPS, CidrIp: "10.0.0.0/16" }])).type).toBe("endpoint");
  });

  test.each<[string, Properties[]]>([
    ["another group", [{ ...HTTPS, SourceSecurityGroupId: "sg-other" }]],
    ["other addresses", [{ ...HTTPS, CidrIp: "192.168.0.0/16" }]],
    ["a part of the network", [{ ...HTTPS, CidrIp: "10.0.0.0/26" }]],
    ["another port", [{ IpProtocol: "tcp", FromPort: 80, ToPort: 442, CidrIp: "0.0.0.0/0" }]],
    ["another protocol", [{ ...HTTPS, IpProtocol: "udp", CidrIp: "0.0.0.0/0" }]],
    ["nobody", []],
  ])("not by one that it does not: it lets in %s", async (_, ingress) => {
    expect(await lambda(() => ingress)).toMatchObject({ type: "none", why: expect.stringContaining("port 443 in") });
  });

  test("without private DNS the usual name leads past it", async () => {
    const path = await lambda(() => [{ ...HTTPS, CidrIp: "0.0.0.0/0" }], { PrivateDnsEnabled: false });
    expect(path.type).toBe("none");
  });

  test("private DNS needs the network's", async () => {
    const { make, group, network } = world();
    const { vpc, subnets } = await network("", false);
    const created = make("VPCEndpoint", "Lambda", {
      VpcId: vpc,
      ServiceName: "com.amazonaws.us-east-1.lambda",
      VpcEndpointType: "Interface",
      PrivateDnsEnabled: true,
      SubnetIds: subnets,
      SecurityGroupIds: [await group("Endpoints", vpc, [])],
    });
    await expect(created).rejects.toThrow("private DNS needs EnableDnsSupport and EnableDnsHostnames");
  });
});

describe("NAT", () => {
  test("opens everything public, when every subnet has it", async () => {
    const made = world();
    const { vpc, place, tables } = await made.network();
    await natIn(made, vpc, tables);
    expect(made.ec2.pathToService(place, "secretsmanager")).toEqual({ type: "open" });
    expect(made.ec2.pathToCache(place, undefined)).toEqual({ type: "open" });
  });

  test.each<[string, number, boolean]>([
    ["one subnet has none", 1, true],
    ["its gateway is not attached", 2, false],
  ])("not where %s", async (_, count, attached) => {
    const made = world();
    const { vpc, place, tables } = await made.network();
    await natIn(made, vpc, tables.slice(0, count), attached);
    expect(made.ec2.pathToService(place, "secretsmanager").type).toBe("none");
    expect(made.ec2.pathToCache(place, undefined).type).toBe("none");
  });

  test("a route straight to the internet helps no function: its interface has no public address", async () => {
    const made = world();
    const { vpc, place, tables } = await made.network();
    const gateway = await natIn(made, vpc, []);
    for (const RouteTableId of tables)
      await made.make("Route", `To${RouteTableId}`, {
        RouteTableId,
        DestinationCidrBlock: "0.0.0.0/0",
        GatewayId: gateway,
      });
    expect(made.ec2.pathToService(place, "lambda").type).toBe("none");
  });
});

describe("a cache", () => {
  const CACHE = { IpProtocol: "tcp", FromPort: 6379, ToPort: 6380 };
  const cacheWorld = async (ingress: (functions: string) => Properties[], egress?: Properties[]) => {
    const made = world();
    const { vpc, place, subnets } = await made.network();
    const functions = await made.group("Callers", vpc, [], egress ?? [{ ...CACHE, CidrIp: "10.0.0.0/24" }]);
    const cache = { subnetIds: subnets, securityGroupIds: [await made.group("Cache", vpc, ingress(functions))] };
    return { ...made, cache, from: { ...place, securityGroupIds: [functions] } };
  };

  test("within a network is reached from there only", async () => {
    const { ec2, cache, from, network } = await cacheWorld((id) => [{ ...CACHE, SourceSecurityGroupId: id }]);
    expect(ec2.pathToCache(from, cache)).toEqual({ type: "open" });
    expect(ec2.pathToCache(undefined, cache)).toMatchObject({ why: expect.stringContaining("the function is not") });
    const other = await network("Other");
    expect(ec2.pathToCache(other.place, cache)).toMatchObject({ why: expect.stringContaining("the function in") });
  });

  test("and only through rules of both groups", async () => {
    const shut = await cacheWorld(() => []);
    expect(shut.ec2.pathToCache(shut.from, shut.cache)).toMatchObject({ why: expect.stringContaining("6379 in") });
    const kept = await cacheWorld((id) => [{ ...CACHE, SourceSecurityGroupId: id }], [TO_ANYWHERE]);
    expect(kept.ec2.pathToCache(kept.from, kept.cache)).toMatchObject({ why: expect.stringContaining("6379 out") });
  });

  test("at a public address is reached from Lambda's own network, and from an isolated one not", async () => {
    const { ec2, from } = await cacheWorld(() => []);
    expect(ec2.pathToCache(undefined, undefined)).toEqual({ type: "open" });
    expect(ec2.pathToCache(from, undefined).type).toBe("none");
  });
});

describe("what AWS would not create", () => {
  test("names what is missing", async () => {
    const { ec2, make, network } = world();
    await expect(make("Subnet", "Subnet", { VpcId: "vpc-1", CidrBlock: "10.0.0.0/26" })).rejects.toThrow(
      "no VPC vpc-1",
    );
    const { vpc, place } = await network();
    expect(() => ec2.pathToService({ ...place, securityGroupIds: ["sg-1"] }, "s3")).toThrow("no security group sg-1");
    const other = await network("Other");
    const both = { ...place, subnetIds: [...place.subnetIds, ...other.subnets] };
    expect(() => ec2.pathToService(both, "s3")).toThrow("subnets of one VPC are needed");
    const endpoint = make("VPCEndpoint", "Odd", { VpcId: vpc, ServiceName: "s3" });
    await expect(endpoint).rejects.toThrow('those here begin with "com.amazonaws.us-east-1."');
  });

  test("a rule with two peers, or none", async () => {
    const { group, network } = world();
    const { vpc } = await network();
    for (const rule of [HTTPS, { ...TO_ANYWHERE, SourceSecurityGroupId: "sg-1" }])
      await expect(group("Odd", vpc, [rule])).rejects.toThrow("either CidrIp or a security group");
  });
});
