import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../../../../adapters/onnx/load-model.ts";
import { SAMPLE } from "../../../../adapters/onnx/packing/packed-files.ts";
import { placePacked } from "../../../../adapters/onnx/packing/place-packed.ts";
import { storePacked } from "../../../../adapters/onnx/packing/store-packed.ts";
import { createTokenizer } from "../../../../adapters/onnx/text/tokenizer.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import { bareLoop } from "../generation/bare-loop.ts";
import { generated, generatorCard } from "../generation/generator.ts";

const SMOLLM2 = process.env.FARTHING_SMOLLM2_DIR ?? join(homedir(), ".cache/farthing/smollm2");
const withSmolLm2 = existsSync(join(SMOLLM2, "model.onnx")) ? describe : (describe.skip as unknown as typeof describe);

withSmolLm2("SmolLM2 packed (skipped where FARTHING_SMOLLM2_DIR has no model.onnx)", () => {
  const card = generatorCard(
    {
      model: "model.onnx",
      externalData: ["model.onnx_data"],
      tokenizer: "tokenizer.json",
      config: "config.json",
      generationConfig: "generation_config.json",
      tokenizerConfig: "tokenizer_config.json",
    },
    2_048,
  );
  const root = mkdtempSync(join(tmpdir(), "farthing-test-folded-"));
  const [packed, folder] = [join(root, "packed"), join(root, "folder")];
  const sample = join(packed, SAMPLE);
  const prompt = "<|im_start|>user\nList three primary colours.<|im_end|>\n<|im_start|>assistant\n";
  const load = (from = sample) =>
    loadModel(
      folder,
      card,
      { threads: 1, packing: { type: "packed", ...(existsSync(from) && { sample: from }) } },
      systemClock,
    );

  beforeAll(async () => {
    for (const one of [packed, folder]) mkdirSync(one);
    await storePacked({ directory: SMOLLM2, card }, packed, root);
    for (const file of readdirSync(SMOLLM2)) {
      if (!file.startsWith("model.onnx")) writeFileSync(join(folder, file), readFileSync(join(SMOLLM2, file)));
    }
    await placePacked(packed, folder, card);
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("says what a bare loop over the same packed file says", async () => {
    const tokenizer = await createTokenizer({
      tokenizer: JSON.parse(readFileSync(join(SMOLLM2, "tokenizer.json"), "utf8")) as object,
    });
    const ids = tokenizer.encodeBare(prompt);
    const expected = await bareLoop(join(folder, "model.onnx"), ids, 48, { threads: 1, packing: { type: "packed" } });
    const model = await load();
    const { choices } = await generated(model, { prompts: [{ type: "tokens", ids }], maxTokens: 48, topLogprobs: 0 });
    await model.release();
    expect(choices[0]?.text).toBe(tokenizer.decode(expected));
  });

  test("is not loaded when it answers otherwise than it did when it was made", async () => {
    // Processors whose kernels keep the offsets elsewhere have the plain packed form.
    if (!existsSync(sample)) return;
    const other = join(root, "other.json");
    const { ids, logits } = JSON.parse(readFileSync(sample, "utf8")) as { ids: number[]; logits: number[] };
    writeFileSync(other, JSON.stringify({ ids, logits: logits.map((logit) => logit + 5) }));
    await expect(load(other)).rejects.toThrow("answer otherwise");
  });
});
