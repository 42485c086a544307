/** Calls of a function in a VPC, over the real SDK: by an endpoint, against its policy, and into nothing. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { createSecretsManagerSimulator } from "../../../local/secrets-manager/simulator.ts";
import type { NetworkPlace } from "../../../local/simulator.ts";
import { ACCOUNT_ID, REGION, type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const FUNCTION_ARN = `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:asking`;
const WAIT_MILLIS = 300;
let endpoint: RunningEndpoint;
let vpc: string;
let place: NetworkPlace;
const clients: SecretsManagerClient[] = [];

beforeAll(async () => {
  endpoint = await startEndpoint((context) => [createSecretsManagerSimulator(context)]);
  vpc = (await endpoint.create("AWS::EC2::VPC", "Vpc", { CidrBlock: "10.0.0.0/24", EnableDnsHostnames: true })).ref;
  const subnet = await endpoint.create("AWS::EC2::Subnet", "Subnet", { VpcId: vpc, CidrBlock: "10.0.0.0/26" });
  const group = await endpoint.create("AWS::EC2::SecurityGroup", "Group", {
    VpcId: vpc,
    SecurityGroupIngress: [{ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }],
  });
  place = { subnetIds: [subnet.ref], securityGroupIds: [group.ref] };
  await endpoint.asRole([{ Effect: "Allow", Action: "secretsmanager:*", Resource: "*" }], "asking");
  await clientOf(endpoint.asOperator).send(new CreateSecretCommand({ Name: "s", SecretString: "v" }));
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await endpoint.stop();
});

function clientOf(configuration: RunningEndpoint["asOperator"]): SecretsManagerClient {
  const requestHandler = { requestTimeout: WAIT_MILLIS, throwOnRequestTimeout: true };
  const client = new SecretsManagerClient({ ...configuration, requestHandler });
  clients.push(client);
  return client;
}
const asFunction = (network: NetworkPlace | undefined) =>
  clientOf({
    ...endpoint.asOperator,
    credentials: endpoint.access.assumeRole(`arn:aws:iam::${ACCOUNT_ID}:role/asking`, "asking", undefined, {
      arn: FUNCTION_ARN,
      network,
    }),
  });
const READ = new GetSecretValueCommand({ SecretId: "s" });

test("outside a VPC the call arrives; in one without an endpoint it gets no answer, and the platform says why", async () => {
  expect((await asFunction(undefined).send(READ)).SecretString).toBe("v");
  await expect(asFunction(place).send(READ)).rejects.toMatchObject({ name: "TimeoutError" });
  expect(endpoint.events).toContainEqual({
    type: "unreachable",
    message: expect.stringMatching(
      /^secretsmanager is called by asking: vpc-\w+ has neither an endpoint .* no answer$/,
    ),
  });
});

test("with the endpoint it arrives, and does what its policy allows and no more", async () => {
  await endpoint.create("AWS::EC2::VPCEndpoint", "Secrets", {
    VpcId: vpc,
    ServiceName: `com.amazonaws.${REGION}.secretsmanager`,
    VpcEndpointType: "Interface",
    PrivateDnsEnabled: true,
    SubnetIds: place.subnetIds,
    SecurityGroupIds: place.securityGroupIds,
    PolicyDocument: {
      Statement: {
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
        Condition: { StringEquals: { "aws:PrincipalAccount": ACCOUNT_ID } },
      },
    },
  });
  const client = asFunction(place);
  expect((await client.send(READ)).SecretString).toBe("v");
  await expect(client.send(new PutSecretValueCommand({ SecretId: "s", SecretString: "w" }))).rejects.toThrow(
    "because no VPC endpoint policy allows the secretsmanager:PutSecretValue action",
  );
  // The role allows it: by another way it is done.
  await asFunction(undefined).send(new PutSecretValueCommand({ SecretId: "s", SecretString: "w" }));
});
