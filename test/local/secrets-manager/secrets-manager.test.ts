/** Secrets Manager over the real SDK. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { createSecretsManagerSimulator } from "../../../local/secrets-manager/simulator.ts";
import { ACCOUNT_ID, REGION, type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const NAME = "farthing/local/upstreams/rack";
let stateDirectory: string;
let endpoint: RunningEndpoint;
let secrets: SecretsManagerClient;

const start = async () => {
  endpoint = await startEndpoint((context) => [createSecretsManagerSimulator(context)], { stateDirectory });
  secrets = new SecretsManagerClient(endpoint.asOperator);
};
beforeEach(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "farthing-test-"));
  await start();
});
afterEach(async () => {
  secrets.destroy();
  await endpoint.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const get = (input: object = {}) => secrets.send(new GetSecretValueCommand({ SecretId: NAME, ...input }));
const put = (SecretString: string, more: object = {}) =>
  secrets.send(new PutSecretValueCommand({ SecretId: NAME, SecretString, ...more }));

test("a template's secret is empty until it is filled, and keeps its value and its ARN over a restart", async () => {
  const { ref } = await endpoint.create("AWS::SecretsManager::Secret", "Rack", { Name: NAME });
  expect(ref).toMatch(new RegExp(`^arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${NAME}-[0-9a-f]{6}$`));
  await expect(get()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await put("one");
  await put("two");
  expect(await get()).toMatchObject({ ARN: ref, Name: NAME, SecretString: "two", VersionStages: ["AWSCURRENT"] });
  expect(await get({ VersionStage: "AWSPREVIOUS" })).toMatchObject({ SecretString: "one" });
  expect(statSync(join(stateDirectory, "secrets-manager", "secrets.json")).mode & 0o077).toBe(0);

  secrets.destroy();
  await endpoint.stop();
  await start();
  expect((await endpoint.create("AWS::SecretsManager::Secret", "Rack", { Name: NAME })).ref).toBe(ref);
  expect(await get({ SecretId: ref })).toMatchObject({ SecretString: "two" });
});

test("a request that is sent again makes no second version; the same token for something else is refused", async () => {
  await secrets.send(new CreateSecretCommand({ Name: NAME, Description: "a key" }));
  const ClientRequestToken = "0".repeat(32);
  const { VersionId } = await put("one", { ClientRequestToken });
  expect(VersionId).toBe(ClientRequestToken);
  await put("one", { ClientRequestToken });
  await expect(put("two", { ClientRequestToken })).rejects.toMatchObject({ name: "ResourceExistsException" });
  const described = await secrets.send(new DescribeSecretCommand({ SecretId: NAME }));
  expect(described).toMatchObject({
    Name: NAME,
    Description: "a key",
    VersionIdsToStages: { [ClientRequestToken]: ["AWSCURRENT"] },
  });
});

test("bytes, names that are taken, values that are none", async () => {
  await secrets.send(new CreateSecretCommand({ Name: NAME, SecretBinary: Buffer.from([1, 2, 3]) }));
  expect([...((await get()).SecretBinary ?? [])]).toEqual([1, 2, 3]);
  await expect(secrets.send(new CreateSecretCommand({ Name: NAME }))).rejects.toMatchObject({
    name: "ResourceExistsException",
  });
  await expect(secrets.send(new PutSecretValueCommand({ SecretId: NAME }))).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  await expect(put("x".repeat(65_537))).rejects.toMatchObject({ name: "InvalidParameterException" });
  await expect(get({ SecretId: "nothing" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect(secrets.send(new RotateSecretCommand({ SecretId: NAME }))).rejects.toThrow("not simulated here");
});

test("deleted: marked and silent, or gone at once", async () => {
  await secrets.send(new CreateSecretCommand({ Name: NAME, SecretString: "one" }));
  await secrets.send(new DeleteSecretCommand({ SecretId: NAME, RecoveryWindowInDays: 7 }));
  await expect(get()).rejects.toMatchObject({ name: "InvalidRequestException" });
  const { DeletedDate } = await secrets.send(new DescribeSecretCommand({ SecretId: NAME }));
  expect(Number(DeletedDate)).toBeGreaterThan(Date.now());

  await secrets.send(new CreateSecretCommand({ Name: "other", SecretString: "one" }));
  await secrets.send(new DeleteSecretCommand({ SecretId: "other", ForceDeleteWithoutRecovery: true }));
  await expect(secrets.send(new DescribeSecretCommand({ SecretId: "other" }))).rejects.toMatchObject({
    name: "ResourceNotFoundException",
  });
});

test("a role reads the secret that its policy names, and no other one, and writes none", async () => {
  for (const Name of [NAME, `${NAME}-2`]) {
    await secrets.send(new CreateSecretCommand({ Name, SecretString: Name }));
  }
  const role = await endpoint.asRole([
    {
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:${NAME}-??????`,
    },
  ]);
  const reader = new SecretsManagerClient(role);
  const read = (SecretId: string) => reader.send(new GetSecretValueCommand({ SecretId }));
  expect((await read(NAME)).SecretString).toBe(NAME);
  await expect(read(`${NAME}-2`)).rejects.toMatchObject({ name: "AccessDeniedException" });
  await expect(reader.send(new PutSecretValueCommand({ SecretId: NAME, SecretString: "mine" }))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
  reader.destroy();
});
