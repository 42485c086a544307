/** How a function reads the keys of upstreams, from the local Secrets Manager. */
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clientFromEnvironment } from "../../../adapters/aws/signed-client.ts";
import { upstreamSecretStoreOn } from "../../../adapters/secrets-manager/upstream-secret-store.ts";
import { upstreamSecretsOn } from "../../../adapters/secrets-manager/upstream-secrets.ts";
import { createSecretsManagerSimulator } from "../../../local/secrets-manager/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../../local/endpoint/running-endpoint.ts";

const MINUTE = 60_000;
const NAME = "farthing/local/upstreams/rack";
let endpoint: RunningEndpoint;
let operator: SecretsManagerClient;
let now: number;

beforeEach(async () => {
  endpoint = await startEndpoint((context) => [createSecretsManagerSimulator(context)]);
  operator = new SecretsManagerClient(endpoint.asOperator);
  now = 1_000_000;
});
afterEach(async () => {
  operator.destroy();
  await endpoint.stop();
});

function reader() {
  const { accessKeyId, secretAccessKey } = endpoint.asOperator.credentials;
  const client = clientFromEnvironment("secretsmanager", {
    AWS_REGION: endpoint.asOperator.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint.url,
  });
  return upstreamSecretsOn(client, () => now);
}
const create = (SecretString?: string) =>
  operator.send(new CreateSecretCommand({ Name: NAME, ...(SecretString !== undefined && { SecretString }) }));
const put = (SecretString: string) => operator.send(new PutSecretValueCommand({ SecretId: NAME, SecretString }));

test("read once, then at hand without a promise; a changed key is known after minutes, behind the requests", async () => {
  await create('{"apiKey":"one"}');
  const secrets = reader();
  expect(await secrets.get(NAME)).toEqual({ apiKey: "one" });
  await put('{"apiKey":"two"}');
  expect(secrets.get(NAME)).toEqual({ apiKey: "one" });
  now += 3 * MINUTE;
  expect(secrets.get(NAME)).toEqual({ apiKey: "one" });
  await expectSoon(() => secrets.get(NAME), { apiKey: "two" });
});

test("a key that its server refuses is read again, but not for every refusal", async () => {
  await create('{"apiKey":"one"}');
  const secrets = reader();
  await secrets.get(NAME);
  await put('{"apiKey":"two"}');
  secrets.refused(NAME);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(secrets.get(NAME)).toEqual({ apiKey: "one" });
  now += 11_000;
  secrets.refused(NAME);
  await expectSoon(() => secrets.get(NAME), { apiKey: "two" });
});

test("the last key goes on while Secrets Manager does not answer", async () => {
  await create('{"apiKey":"one"}');
  const secrets = reader();
  await secrets.get(NAME);
  await endpoint.stop();
  now += 120 * MINUTE;
  expect(await secrets.get(NAME)).toEqual({ apiKey: "one" });
});

test.each([
  ["never created", undefined, /has no value: farthing upstream secret rack/],
  ["never filled", "", /has no value: farthing upstream secret rack/],
  ["filled with something else", "sk-not-json", /is not of the form/],
])("%s: the caller is told that the key cannot be read, the log why, nobody the secret", async (_, text, why) => {
  if (text === "") await create();
  else if (text !== undefined) await create(text);
  const ask = async () => reader().get(NAME);
  const error = await ask().then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: "dependency_unavailable" });
  expect((error?.cause as Error).message).toMatch(why);
  expect(`${error?.message} ${(error?.cause as Error).stack}`).not.toContain("sk-not-json");
});

test("an administrator's store writes what the function reads, and says what is missing", async () => {
  const store = upstreamSecretStoreOn(operator);
  expect(await store.read(NAME)).toBeUndefined();
  await expect(store.write(NAME, { apiKey: "k" })).rejects.toThrow('say "secret: true" of this upstream');
  await create();
  await store.write(NAME, { apiKey: "k", caPem: "PEM" });
  expect(await store.read(NAME)).toEqual({ apiKey: "k", caPem: "PEM" });
  expect(await reader().get(NAME)).toEqual({ apiKey: "k", caPem: "PEM" });
});

async function expectSoon(read: () => unknown, expected: unknown): Promise<void> {
  const until = Date.now() + 3_000;
  for (;;) {
    const value = await read();
    if (JSON.stringify(value) === JSON.stringify(expected) || Date.now() > until)
      return expect(value).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
