/**
 * The platform runs what was synthesised: take one statement out of a template, and the call that needed it is denied, as
 * it would be in an account; put other code into an asset, and that code answers.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCard } from "../../adapters/model-folder/read-model-folder.ts";
import { openDeployment } from "../../cli/deployment.ts";
import { publishFolder } from "../../cli/publish-folder.ts";
import { demoKey } from "../../cli/up/demo-key.ts";
import { synthesize } from "../../cli/up/synthesis.ts";
import { sha256Hex } from "../../core/models/digest.ts";
import { createPlatform, type Platform } from "../../local/platform.ts";
import type { PlatformEvent } from "../../local/simulator.ts";
import { call } from "../conformance/deployment.ts";
import { ROOT } from "./running-farthing.ts";

const PICTURE = { inputs: [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: new Array(784).fill(0) }] };
/** A model that the configuration gives no route of its own: the router forwards its requests to the group. */
const WITHOUT_ROUTE = "numbers";
const START_MILLIS = 60_000;

let folder: string;
let state: string;
let assembly: string;
let apiKey: string;
let platform: Platform | undefined;
let events: PlatformEvent[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "farthing-denied-"));
  state = join(folder, "state");
  const signal = new AbortController().signal;
  assembly = (await synthesize({ root: ROOT, environment: "local", stateDirectory: folder, signal })).directory;
  const { awsEndpointUrl, region, operatorCredentials } = await start(assembly);
  const settings = { endpoint: awsEndpointUrl, region, credentials: operatorCredentials };
  const deployment = await openDeployment("local", settings);
  const digits = join(ROOT, "models/digits");
  const card = await readCard(digits);
  for (const name of [card.name, WITHOUT_ROUTE]) {
    await publishFolder(digits, { ...card, name }, deployment, () => undefined);
  }
  apiKey = await demoKey(state, deployment);
}, START_MILLIS);
afterEach(() => platform?.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(assemblyDirectory: string): Promise<Platform> {
  await platform?.stop();
  events = [];
  platform = await createPlatform({
    assemblyDirectory,
    stateDirectory: state,
    environment: "local",
    port: 0,
    clock: Date.now,
    emit: (event) => events.push(event),
  });
  return platform;
}

interface TemplateLike {
  Resources: Record<
    string,
    {
      Type: string;
      Properties: {
        Policies?: { PolicyDocument: { Statement: { Sid?: string }[] } }[];
        Code?: { S3Key: string };
        MemorySize?: number;
      };
    }
  >;
}

/** A copy of the assembly, its templates changed. Asserts that there was something to change. */
function changed(change: (template: TemplateLike) => boolean): string {
  const copy = join(folder, "changed");
  rmSync(copy, { recursive: true, force: true });
  cpSync(assembly, copy, { recursive: true });
  const changes = readdirSync(copy)
    .filter((file) => file.endsWith(".template.json"))
    .map((file) => {
      const template = JSON.parse(readFileSync(join(copy, file), "utf8")) as TemplateLike;
      const hit = change(template);
      writeFileSync(join(copy, file), JSON.stringify(template));
      return hit;
    });
  expect(changes).toContain(true);
  return copy;
}

const without = (sid: string) =>
  changed(({ Resources }) => {
    const documents = Object.values(Resources)
      .flatMap(({ Type, Properties }) => (Type === "AWS::IAM::Role" ? (Properties.Policies ?? []) : []))
      .map(({ PolicyDocument }) => PolicyDocument);
    const before = documents.flatMap(({ Statement }) => Statement).length;
    for (const document of documents) document.Statement = document.Statement.filter(({ Sid }) => Sid !== sid);
    return documents.flatMap(({ Statement }) => Statement).length < before;
  });

const infer = (model = "digits") =>
  call({ url: (platform as Platform).apiUrl, apiKey }, `/v2/models/${model}/infer`, { body: PICTURE });

/** What a deployment logged. */
const linesOf = (deployment: string): readonly string[] =>
  events.flatMap((event) =>
    event.type === "log" && event.logGroup === `/farthing/local/${deployment}` ? [event.line] : [],
  );

/** What AWS answers to the calls that were denied. */
const denials = (): readonly string[] =>
  events.flatMap((event) => (event.type === "access-denied" ? [event.message] : []));

test("with all permissions it answers", async () => {
  await start(assembly);
  expect(await infer()).toMatchObject({ status: 200 });
  expect(await infer(WITHOUT_ROUTE)).toMatchObject({ status: 200 });
  expect(linesOf("small")).not.toEqual([]);
  expect(denials()).toEqual([]);
});

test.each([
  ["ReadTenants", "digits", "small", "dynamodb:GetItem"],
  ["ReadRegistry", "digits", "small", "dynamodb:GetItem"],
  ["ReadModels", "digits", "small", "s3:GetObject"],
  ["CallModelGroups", WITHOUT_ROUTE, "router", "lambda:InvokeFunction"],
])(
  "without %s the customer gets an honest 503, and the operator reads which call was denied",
  async (sid, model, deployment, action) => {
    await start(without(sid));
    const { status, headers, body } = await infer(model);
    expect({ status, body }).toEqual({ status: 503, body: { error: expect.any(String) } });
    expect(body.error).not.toMatch(/AccessDenied|not authorized|arn:/);
    const requestId = headers.get("x-request-id") as string;
    const caller = `assumed-role/[\\w-]*${deployment}[\\w-]*/farthing-local-${deployment}`;
    const denied = new RegExp(`${caller} is not authorized to perform: ${action} on resource`, "i");
    expect(denials().filter((sentence) => denied.test(sentence))).not.toEqual([]);
    expect(linesOf(deployment).filter((line) => line.includes(requestId) && line.includes("ERROR"))).toHaveLength(1);
  },
);

test("without the API's permission to invoke, the gateway answers with its own error", async () => {
  await start(
    changed(({ Resources }) => {
      const permissions = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::Lambda::Permission");
      for (const [id] of permissions) delete Resources[id];
      return permissions.length > 0;
    }),
  );
  const { status, body } = await infer();
  expect(status).toBe(500);
  expect(JSON.stringify(body)).toMatch(/Internal server error/i);
  expect(linesOf("small")).toEqual([]);
});

test("without the permission to write logs it answers, and nothing is logged", async () => {
  await start(without("WriteOwnLog"));
  expect(await infer()).toMatchObject({ status: 200 });
  expect(linesOf("small")).toEqual([]);
});

describe("other code in an asset", () => {
  /** The function's bundle replaced by a few lines, under another hash, as a synthesis would name it. */
  function withCode(source: string, also: (template: TemplateLike) => void = () => undefined): string {
    const hash = sha256Hex(source);
    const bundles = new Set<string>();
    const copy = changed((template) => {
      for (const { Type, Properties } of Object.values(template.Resources)) {
        if (Type !== "AWS::Lambda::Function" || Properties.Code === undefined) continue;
        bundles.add(Properties.Code.S3Key);
        Properties.Code.S3Key = `${hash}.zip`;
      }
      also(template);
      return bundles.size > 0;
    });
    mkdirSync(join(copy, `asset.${hash}`));
    writeFileSync(join(copy, `asset.${hash}`, "index.mjs"), source);
    const manifest = join(copy, "farthing-local-models.assets.json");
    const assets = JSON.parse(readFileSync(manifest, "utf8"));
    const destinations = { here: { objectKey: `${hash}.zip` } };
    assets.files[hash] = { source: { path: `asset.${hash}`, packaging: "zip" }, destinations };
    writeFileSync(manifest, JSON.stringify(assets));
    return copy;
  }

  const answering = (words: string) =>
    `export const handler = awslambda.streamifyResponse(async (event, stream) => {
      const body = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { "content-type": "text/plain" } });
      body.write(${JSON.stringify(words)});
      body.end();
    });`;

  test("answers from the next request on, without a new start", async () => {
    const running = await start(assembly);
    expect(await infer()).toMatchObject({ status: 200, body: { model_name: "digits" } });
    const { replaced, needsRestart } = await running.reload(withCode(answering("the new code")));
    expect(replaced.toSorted()).toEqual([
      "farthing-local-governor",
      "farthing-local-reconciler",
      "farthing-local-router",
      "farthing-local-small",
    ]);
    expect(needsRestart).toBe(false);
    expect(await infer()).toMatchObject({ status: 200, body: "the new code" });
    expect(await running.reload(assembly)).toMatchObject({ needsRestart: false });
    expect(await infer()).toMatchObject({ status: 200, body: { model_name: "digits" } });
  });

  test("a setting that changed along with it waits for a new start, and that is said", async () => {
    const running = await start(assembly);
    const moreMemory = withCode(answering("with more memory"), ({ Resources }) => {
      for (const { Type, Properties } of Object.values(Resources)) {
        if (Type === "AWS::Lambda::Function") Properties.MemorySize = 3_008;
      }
    });
    expect(await running.reload(moreMemory)).toEqual({ replaced: [], needsRestart: true });
    expect(await infer()).toMatchObject({ status: 200, body: { model_name: "digits" } });
  });
});
