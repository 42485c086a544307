/**
 * An environment whose cache has no public address, from the configuration to the answer: everything that its functions call is
 * reached by the endpoints that were derived for them. And without one of these, what would happen in an account: no answer.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCard } from "../../adapters/model-folder/read-model-folder.ts";
import { openDeployment } from "../../cli/deployment.ts";
import { publishFolder } from "../../cli/publish-folder.ts";
import { demoKey } from "../../cli/up/demo-key.ts";
import { synthesize } from "../../cli/up/synthesis.ts";
import type { FarthingConfigInput } from "../../infra/config.ts";
import { embedded } from "../../local/elasticache/data-plane.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { PlatformEvent } from "../../local/simulator.ts";
import { type Answer, call } from "../conformance/deployment.ts";
import { ROOT } from "./running-farthing.ts";

const LONG_MILLIS = 60_000;
const GROUP_SECONDS = 3;
/** A model without a route of its own: the router forwards to the group. */
const FORWARDED = "sms-spam";

const config: FarthingConfigInput = {
  environments: {
    local: {
      removal: "destroy",
      protectData: false,
      tracing: false,
      cache: { network: "vpc" },
      router: { architecture: "host", timeoutSeconds: GROUP_SECONDS + 1 },
      modelGroups: [{ name: "small", memoryMb: 1769, architecture: "host", timeoutSeconds: GROUP_SECONDS }],
    },
  },
};

let folder: string;
let assembly: string;
let apiKey: string;
let platform: Platform | undefined;
let events: PlatformEvent[];
/** Stays while platforms come and go. */
let valkey: Server;

beforeAll(async () => {
  const data = embedded(Date.now);
  valkey = createServer((connection) => {
    connection.on("error", () => {});
    data.serve(connection, Buffer.alloc(0));
  });
  await new Promise<void>((resolve) => valkey.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "farthing-vpc-"));
  const configFile = join(folder, "farthing.config.mjs");
  writeFileSync(configFile, `export default ${JSON.stringify(config)};\n`);
  const signal = new AbortController().signal;
  const synthesis = { root: ROOT, environment: "local", config: configFile, stateDirectory: folder, signal };
  assembly = (await synthesize(synthesis)).directory;
  const { awsEndpointUrl, region, operatorCredentials } = await start(assembly);
  const deployment = await openDeployment("local", {
    endpoint: awsEndpointUrl,
    region,
    credentials: operatorCredentials,
  });
  const model = join(ROOT, "models", FORWARDED);
  await publishFolder(model, await readCard(model), deployment, () => undefined);
  apiKey = await demoKey(join(folder, "state"), deployment);
}, LONG_MILLIS);
afterAll(async () => {
  await platform?.stop();
  valkey.close();
  rmSync(folder, { recursive: true, force: true });
}, LONG_MILLIS);

async function start(assemblyDirectory: string): Promise<Platform> {
  await platform?.stop();
  events = [];
  platform = await createPlatform({
    assemblyDirectory,
    stateDirectory: join(folder, "state"),
    environment: "local",
    port: 0,
    cacheServerUrl: `redis://127.0.0.1:${(valkey.address() as AddressInfo).port}`,
    clock: Date.now,
    emit: (event) => events.push(event),
  });
  return platform;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  /** Set by a test: it is taken out. */
  gone?: boolean;
}

/** A copy of the assembly, its network changed. */
function changed(change: (resources: readonly Resource[]) => void): string {
  const copy = mkdtempSync(join(folder, "changed-"));
  cpSync(assembly, copy, { recursive: true });
  const file = join(copy, readdirSync(copy).find((name) => name.endsWith("-network.template.json")) as string);
  const template = JSON.parse(readFileSync(file, "utf8")) as { Resources: Record<string, Resource> };
  change(Object.values(template.Resources));
  template.Resources = Object.fromEntries(Object.entries(template.Resources).filter(([, { gone }]) => gone !== true));
  writeFileSync(file, JSON.stringify(template));
  return copy;
}

const endpointOf = (resources: readonly Resource[], service: string): Resource =>
  resources.find(
    ({ Type, Properties }) =>
      Type === "AWS::EC2::VPCEndpoint" && JSON.stringify(Properties.ServiceName).includes(`.${service}"`),
  ) as Resource;

const ask = (text: string) =>
  call({ url: platform?.apiUrl as string, apiKey }, `/v2/models/${FORWARDED}/infer`, {
    body: JSON.stringify({ inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: [text] }] }),
  });
const messages = (type: PlatformEvent["type"]) =>
  events.flatMap((event) => (event.type === type && "message" in event ? [event.message] : []));

test(
  "what one process answered, another finds in the cache, and nothing is out of reach",
  async () => {
    expect(messages("warning").filter((message) => /knows nothing of|has no simulator/.test(message))).toEqual([]);
    const questions = Array.from({ length: 10 }, (_, index) => `You have won prize number ${index}`);
    const first: Answer[] = [];
    for (const question of questions) first.push(await ask(question));
    expect(first.map(({ status }) => status)).toEqual(questions.map(() => 200));
    // New processes, and the same server behind the cache: whatever is found now, is found there.
    await start(assembly);
    const again: Answer[] = [];
    // It connects behind the first answers, and is given 15 ms for each: some are found, not each.
    await ask("Somebody else's question");
    for (const question of questions) again.push(await ask(question));
    const found = again.filter(({ headers }) => headers.get("x-farthing-cache") === "hit");
    expect(found.length).toBeGreaterThan(0);
    expect(again.map(({ body }) => body.outputs)).toEqual(first.map(({ body }) => body.outputs));
    expect(messages("unreachable")).toEqual([]);
    expect(messages("access-denied")).toEqual([]);
  },
  LONG_MILLIS,
);

test(
  "a cache whose group lets nobody in is a miss, and the answer comes all the same",
  async () => {
    await start(
      changed((resources) => {
        const group = resources.find(({ Properties }) => Properties.GroupDescription === "The cache");
        if (group !== undefined) group.Properties.SecurityGroupIngress = [];
      }),
    );
    const answers = [await ask("You have won prize number 1"), await ask("You have won prize number 2")];
    expect(answers.map(({ status, headers }) => [status, headers.get("x-farthing-cache")])).toEqual([
      [200, "miss"],
      [200, "miss"],
    ]);
    while (messages("unreachable").length === 0) await sleep(20);
    expect(messages("unreachable")[0]).toMatch(/^cache farthing-local is called by .*does not let port 6379 in/);
  },
  LONG_MILLIS,
);

test(
  "without Lambda's endpoint the router's call to the group gets no answer, and its caller is told in time",
  async () => {
    const cut = changed((resources) => {
      endpointOf(resources, "lambda").gone = true;
    });
    await start(cut);
    const begun = Date.now();
    const { status, body } = await ask("Is anybody there?");
    expect({ status, body }).toEqual({ status: 504, body: expect.anything() });
    expect(Date.now() - begun).toBeGreaterThan(GROUP_SECONDS * 1000 - 500);
    expect(messages("unreachable")).toContainEqual(
      expect.stringMatching(
        /^lambda is called by farthing-local-router: vpc-\w+ has neither an endpoint for lambda nor NAT/,
      ),
    );
  },
  LONG_MILLIS,
);

test(
  "an endpoint that lets nothing through denies what the role allows",
  async () => {
    const shut = changed((resources) => {
      endpointOf(resources, "lambda").Properties.PolicyDocument = {
        Version: "2012-10-17",
        Statement: [{ Effect: "Deny", Principal: "*", Action: "*", Resource: "*" }],
      };
    });
    await start(shut);
    expect((await ask("And now?")).status).toBeGreaterThanOrEqual(500);
    expect(messages("access-denied")).toContainEqual(
      expect.stringMatching(/lambda:InvokeFunction .*with an explicit deny in a VPC endpoint policy$/),
    );
  },
  LONG_MILLIS,
);
