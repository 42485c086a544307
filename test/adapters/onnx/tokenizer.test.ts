import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTokenizer } from "../../../adapters/onnx/text/tokenizer.ts";
import { describeWithData } from "../../shared-data.ts";
import { TOKENIZER } from "./model-folder.ts";

const file = () => JSON.parse(TOKENIZER) as Record<string, unknown>;

test("texts become all of their tokens: neither cut nor filled up as the file asks", async () => {
  const { encode } = await createTokenizer({ tokenizer: file() });
  expect(encode("good")).toEqual([2, 4, 3]);
  expect(encode("good day bad night good day")).toEqual([2, 4, 6, 5, 7, 4, 6, 3]);
  expect(encode("unheard")).toEqual([2, 1, 3]);
  expect(encode("")).toEqual([2, 3]);
});

test("an id is in the vocabulary or it is not", async () => {
  const { isInVocabulary } = await createTokenizer({ tokenizer: file() });
  expect([0, 7].map(isInVocabulary)).toEqual([true, true]);
  expect([8, -1, 1.5, Number.NaN].map(isInVocabulary)).toEqual([false, false, false, false]);
});

test("the padding id comes from the tokenizer, else from the model's configuration, else from the token's name", async () => {
  const padded = await createTokenizer({
    tokenizer: { ...file(), padding: { pad_id: 5 } },
    modelConfig: { pad_token_id: 6 },
  });
  const configured = await createTokenizer({
    tokenizer: { ...file(), padding: null },
    modelConfig: { pad_token_id: 6 },
  });
  const named = await createTokenizer({ tokenizer: { ...file(), padding: null } });
  expect([padded, configured, named].map(({ paddingId }) => paddingId)).toEqual([5, 6, 0]);
});

test("a file that is no tokenizer says what it lacks", async () => {
  await expect(createTokenizer({ tokenizer: {} })).rejects.toThrow('must contain a "model"');
});

describeWithData("models/minilm-l6-v2", "a tokenizer of 30,522 words", (folder) => {
  test("reads text as the model's authors do", async () => {
    const tokenizer = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object;
    const { encode } = await createTokenizer({ tokenizer });
    const ids = encode("Berlin is the capital of Germany.");
    expect(ids).toEqual([101, 4068, 2003, 1996, 3007, 1997, 2762, 1012, 102]);
  });
});
