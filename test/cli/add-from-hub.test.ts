import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/farthing.ts";
import { type HubServer, startHubServer } from "../fixtures/hub/hub-server.ts";
import { describeWithData } from "../shared-data.ts";
import { recordingTerminal } from "./recording-terminal.ts";

describeWithData("models/minilm-l6-v2", "a model of the Hub", (minilm) => {
  let root: string;
  let server: HubServer;
  const endpoint = process.env.HF_ENDPOINT;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "farthing-cli-hub-"));
    const small = [
      "config.json",
      "modules.json",
      "sentence_bert_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ];
    const names = [...small, "special_tokens_map.json", "1_Pooling/config.json", "LICENSE"];
    const content = (name: string) => readFileSync(join(minilm, name));
    const files = Object.fromEntries(names.map((name) => [name, content(name)]));
    server = await startHubServer({
      id: "sentence-transformers/all-MiniLM-L6-v2",
      files: { ...files, "onnx/model.onnx": content("model.onnx"), "onnx/model_O1.onnx": Buffer.from("another") },
      cuts: { "onnx/model.onnx": [40_000_000] },
    });
    process.env.HF_ENDPOINT = server.endpoint;
  });
  afterAll(async () => {
    if (endpoint === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = endpoint;
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });

  test("comes into the project with a card that says what its files tell, and where it is from", async () => {
    const terminal = recordingTerminal();
    const models = join(root, "models");
    const code = await main(["model", "add", `hf:${server.id}`, "--to", models], terminal, root);
    expect({ code, notes: code === 0 ? [] : terminal.notes }).toEqual({ code: 0, notes: [] });
    const folder = join(models, "all-minilm-l6-v2");
    expect(JSON.parse(readFileSync(join(folder, "model.json"), "utf8"))).toMatchObject({
      name: "all-minilm-l6-v2",
      task: "embedding",
      license: "Apache-2.0",
      attribution: [expect.stringMatching(/\/sentence-transformers\/all-MiniLM-L6-v2, commit 4f1c2a/)],
      artifacts: { model: "onnx/model.onnx", tokenizer: "tokenizer.json", config: "config.json" },
      text: { maxTokens: 256, pooling: "mean", normalize: true, dimensions: 384 },
    });
    expect(readFileSync(join(folder, "onnx/model.onnx")).equals(readFileSync(join(minilm, "model.onnx")))).toBe(true);
    const notes = terminal.notes.join("\n");
    expect(notes).toContain("trying again");
    expect(notes).toMatch(/graph onnx\/model\.onnx \(90\.4 MB\); --file chooses another: onnx\/model_O1\.onnx/);
    expect(notes).toMatch(/open {2}price: /);
    expect(terminal.results.join("\n")).toContain(
      "all-minilm-l6-v2 (embedding): text BYTES[-1] → embedding FP32[-1,384]",
    );
    expect(terminal.statuses.filter((line) => line.includes("100 %"))).not.toEqual([]);
    expect(terminal.statuses.at(-1)).toBe("");
    expect(readdirSync(join(root, ".farthing/hub"))).toEqual([]);
  }, 60_000);

  test("a name that is no model of the Hub, and one that is not there", async () => {
    const terminal = recordingTerminal();
    expect(await main(["model", "add", "hf:nothing"], terminal, root)).toBe(1);
    expect(await main(["model", "add", "hf:org/nothing"], terminal, root)).toBe(1);
    expect(terminal.notes.join("\n")).toMatch(/must look like hf:[\s\S]*the Hub has no org\/nothing at revision main/);
    expect(existsSync(join(root, "models/nothing"))).toBe(false);
  });
});
