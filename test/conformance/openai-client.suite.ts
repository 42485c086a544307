import OpenAI from "openai";
import type { Deployment } from "./deployment.ts";

/** OpenAI's own client, unchanged but for its base URL. */
export function openaiClientSuite(deployment: () => Deployment): void {
  describe("the openai client", () => {
    const client = () => new OpenAI({ baseURL: `${deployment().url}/v1`, apiKey: deployment().apiKey, maxRetries: 0 });
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

    test("lists and finds models", async () => {
      const names: string[] = [];
      for await (const model of client().models.list()) names.push(model.id);
      expect(names).toEqual(expect.arrayContaining(["digits", "sentences", "sms-spam"]));
      expect(await client().models.retrieve("sentences")).toMatchObject({ id: "sentences", object: "model" });
    });

    test("gets embeddings that mean something", async () => {
      const { data, usage } = await client().embeddings.create({
        model: "sentences",
        input: ["A man is playing a guitar.", "Someone plays an instrument.", "The stock market fell sharply."],
      });
      const [guitar, instrument, stocks] = data.map(({ embedding }) => embedding) as [number[], number[], number[]];
      expect(cosine(guitar, guitar)).toBeCloseTo(1, 4);
      expect(cosine(guitar, instrument)).toBeGreaterThan(cosine(guitar, stocks) + 0.1);
      expect(usage.prompt_tokens).toBeGreaterThan(10);
    });

    test("the same vector as floats and as base64", async () => {
      const ask = { model: "sentences", input: "one vector, two spellings" } as const;
      const floats = await client().embeddings.create({ ...ask, encoding_format: "float" });
      const base64 = await client().embeddings.create({ ...ask, encoding_format: "base64" });
      const bytes = Buffer.from(base64.data[0]?.embedding as unknown as string, "base64");
      const decoded = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      expect([...decoded]).toEqual(floats.data[0]?.embedding.map(Math.fround));
    });

    test("meets its own exception classes", async () => {
      const wrongKey = new OpenAI({ baseURL: `${deployment().url}/v1`, apiKey: `fk_${"B".repeat(43)}`, maxRetries: 0 });
      await expect(wrongKey.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
      await expect(client().models.retrieve("nothing")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      await expect(client().embeddings.create({ model: "sentences", input: [] })).rejects.toBeInstanceOf(
        OpenAI.BadRequestError,
      );
    });
  });
}
