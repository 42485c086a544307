import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fetchModel } from "../../../adapters/hub/fetch-model.ts";
import { type HubEvent, type HubSettings, openHub } from "../../../adapters/hub/hub.ts";
import { COMMIT, type HubServer, type HubServerOptions, startHubServer } from "../../fixtures/hub/hub-server.ts";

const SMALL = Buffer.from('{"architectures":["BertModel"]}');
const LARGE = randomBytes(300_000);
const FILES = {
  "README.md": Buffer.from("---\nlicense: mit\n---\n"),
  "config.json": SMALL,
  "tokenizer.json": Buffer.from("{}"),
  "model.safetensors": randomBytes(200_000),
  "onnx/model.onnx": LARGE,
  "onnx/model_quantized.onnx": Buffer.from("small graph"),
  "pytorch_model.bin": Buffer.from("pickle"),
  "1_Pooling/config.json": Buffer.from("{}"),
};
const NEEDED = ["1_Pooling", "README.md", "config.json", "onnx", "tokenizer.json"];

let folder: string;
let server: HubServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "farthing-hub-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<HubServerOptions> = {}): Promise<HubServer> {
  server = await startHubServer({ files: FILES, ...options });
  return server;
}

async function fetchIt(settings: HubSettings & { readonly graph?: string; readonly revision?: string } = {}) {
  const events: HubEvent[] = [];
  const { graph, revision = "main", ...more } = settings;
  const hub = {
    ...openHub({ HF_ENDPOINT: server?.endpoint, ...more }, (event) => events.push(event)),
    sleep: async () => {},
  };
  const fetched = await fetchModel({ id: "org/model", revision }, { folder, ...(graph && { graph }) }, hub);
  return { ...fetched, events };
}

const read = (place: string, path: string) => readFileSync(join(place, path));
/** Where a download of this commit lies, and its graph's unfinished part. */
const place = () => join(folder, `org--model@${COMMIT.slice(0, 12)}`);
const partial = () => join(place(), "onnx/model.onnx.partial");

test("the files that are needed arrive as they are, and no others are asked for", async () => {
  const { requests } = await start();
  const fetched = await fetchIt();
  expect(fetched).toMatchObject({ folder: place(), commit: COMMIT });
  expect(readdirSync(place()).toSorted()).toEqual(NEEDED);
  expect(readdirSync(join(place(), "onnx"))).toEqual(["model.onnx"]);
  expect(read(place(), "onnx/model.onnx").equals(LARGE)).toBe(true);
  expect(read(place(), "config.json").equals(SMALL)).toBe(true);
  expect(requests.filter((request) => /safetensors|pytorch|quantized/.test(request))).toEqual([]);
  expect(fetched.files.candidates.map(({ path }) => path)).toEqual(["onnx/model_quantized.onnx"]);
});

test("progress ends at the whole", async () => {
  await start();
  const { events } = await fetchIt();
  const last = events.at(-1);
  const bytes = ["1_Pooling/config.json", "README.md", "config.json", "onnx/model.onnx", "tokenizer.json"]
    .map((path) => FILES[path as keyof typeof FILES].length)
    .reduce((sum, one) => sum + one, 0);
  expect(events[0]).toEqual({ type: "chosen", commit: COMMIT, files: 5, bytes });
  expect(last).toEqual({ type: "progress", doneBytes: bytes, bytes });
});

test("a connection that is cut goes on where it broke off", async () => {
  const { requests } = await start({ cuts: { "onnx/model.onnx": [100_000, 50_000] } });
  const { events } = await fetchIt();
  expect(read(place(), "onnx/model.onnx").equals(LARGE)).toBe(true);
  expect(events.filter(({ type }) => type === "retry")).toHaveLength(2);
  const ranges = requests.filter((request) => request.startsWith("storage ")).map((request) => request.split(" ")[2]);
  expect(ranges[0]).toBeUndefined();
  expect(ranges).toHaveLength(3);
  // Where nothing had arrived there is nothing to go on from.
  expect(ranges.slice(1).filter((range) => /^bytes=[1-9]\d*-$/.test(range ?? "")).length).toBeGreaterThan(0);
});

test("a later attempt goes on from what an earlier one left, and fetches nothing twice", async () => {
  const { requests } = await start();
  mkdirSync(dirname(partial()), { recursive: true });
  writeFileSync(partial(), LARGE.subarray(0, 123_456));
  await fetchIt();
  expect(requests.filter((request) => request.startsWith("storage"))).toEqual([
    "storage /onnx%2Fmodel.onnx bytes=123456-",
  ]);
  expect(existsSync(partial())).toBe(false);
  const before = requests.length;
  await fetchIt();
  expect(requests.slice(before)).toEqual(["hub /api/models/org/model/revision/main?blobs=true"]);
});

test.each([
  ["is damaged", () => Buffer.alloc(1_000, 7)],
  ["is longer than the file", () => randomBytes(400_000)],
])("what an earlier attempt left %s: from the first byte on", async (_, content) => {
  await start();
  mkdirSync(dirname(partial()), { recursive: true });
  writeFileSync(partial(), content());
  await fetchIt();
  expect(read(place(), "onnx/model.onnx").equals(LARGE)).toBe(true);
});

test("a server without ranges", async () => {
  await start({ withoutRanges: true, cuts: { "onnx/model.onnx": [200_000] } });
  await fetchIt();
  expect(read(place(), "onnx/model.onnx").equals(LARGE)).toBe(true);
});

test.each(["onnx/model.onnx", "config.json"] as const)(
  "a wrong digest of %s is an error, and the file is not kept",
  async (path) => {
    await start({ wrongDigests: [path] });
    const own =
      path === "config.json"
        ? createHash("sha1").update(`blob ${SMALL.length}\0`).update(SMALL)
        : createHash("sha256").update(LARGE);
    await expect(fetchIt()).rejects.toThrow(
      `${path} is not what the Hub says: its digest is ${own.digest("hex")}, not 000`,
    );
    expect(existsSync(join(place(), path))).toBe(false);
    expect(existsSync(join(place(), `${path}.partial`))).toBe(false);
  },
);

test("the token opens the Hub and does not leave it", async () => {
  const { leaked } = await start({ token: "hf_secret" });
  await expect(fetchIt()).rejects.toThrow(
    "the Hub does not show org/model (Invalid username or password.): there is no such model, or if it is private, set HF_TOKEN",
  );
  await expect(fetchIt({ HF_TOKEN: "hf_other" })).rejects.toThrow("the token in HF_TOKEN does not open it");
  await fetchIt({ HF_TOKEN: "hf_secret\n" });
  expect(leaked).toEqual([]);
});

test("what the Hub refuses is said in words", async () => {
  await start({ gated: true });
  await expect(fetchIt()).rejects.toThrow(/Access is restricted.*accept its conditions at http.*\/org\/model/);
  await server?.close();
  await start();
  await expect(fetchIt({ revision: "v9" })).rejects.toThrow(
    "the Hub has no org/model at revision v9 (Invalid rev id: v9)",
  );
  await server?.close();
  await expect(fetchIt()).rejects.toThrow("fetch failed");
  await expect(fetchIt({ HF_ENDPOINT: "huggingface.co" })).rejects.toThrow('HF_ENDPOINT is "huggingface.co"');
});

test("an outage that ends is waited out; one that lasts is not", async () => {
  await start({ unavailable: 2 });
  const { events } = await fetchIt();
  expect(events.filter(({ type }) => type === "retry")).toHaveLength(2);
  await server?.close();
  await start({ unavailable: 99 });
  await expect(fetchIt()).rejects.toThrow("the Hub answers 503");
});

describe("the graph", () => {
  const graphs = (...paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, Buffer.from(path)]));

  test("another one, when it is asked for", async () => {
    await start();
    const { files } = await fetchIt({ graph: "onnx/model_quantized.onnx" });
    expect(files.graph.path).toBe("onnx/model_quantized.onnx");
    expect(readdirSync(join(place(), "onnx"))).toEqual(["model_quantized.onnx"]);
  });

  test("the only one, whatever its name", async () => {
    await start({ files: graphs("weights/best.onnx") });
    expect((await fetchIt()).files.graph.path).toBe("weights/best.onnx");
  });

  test("none, several, or not there: what there is, is listed", async () => {
    await start({ files: graphs("config.json") });
    await expect(fetchIt()).rejects.toThrow("org/model has no ONNX file");
    await server?.close();
    await start({ files: graphs("a.onnx", "b.onnx") });
    await expect(fetchIt()).rejects.toThrow(/choose one with --file:\n {2}a\.onnx \(0\.0 MB\)\n {2}b\.onnx/);
    await expect(fetchIt({ graph: "c.onnx" })).rejects.toThrow("org/model has no c.onnx; choose one");
  });

  test("weights beside it come along when it names them", async () => {
    const named = {
      "onnx/model.onnx": Buffer.from("… model.onnx_data …"),
      "onnx/model.onnx_data": randomBytes(150_000),
    };
    await start({ files: { ...named, "onnx/model_q4.onnx_data": randomBytes(10) } });
    await fetchIt();
    expect(readdirSync(join(place(), "onnx")).toSorted()).toEqual(["model.onnx", "model.onnx_data"]);
  });

  test("paths that would leave the folder are no files", async () => {
    await start({ files: graphs("../evil.onnx", "/etc/evil.onnx", "a/../../b.onnx", "model.onnx") });
    const { files } = await fetchIt();
    expect(files.candidates).toEqual([]);
    expect(readdirSync(folder)).toEqual([`org--model@${COMMIT.slice(0, 12)}`]);
  });
});
