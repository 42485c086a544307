/** Three commands to paste: a digit as a tensor, a text, an embedding. Only for models that are there. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { LiveModel } from "./demo-models.ts";

export interface FirstRequest {
  readonly what: string;
  readonly command: string;
}

interface DigitSample {
  readonly label: number;
  /** base64 of 784 bytes, 28 rows of 28 grey levels. */
  readonly image: string;
  /** What the model answered when it was measured. */
  readonly probabilities: readonly number[];
}

/** The first picture that a newcomer sees shall leave no doubt. */
const CLEAR = 0.99;

export function firstRequests({
  url,
  apiKey,
  models,
  stateDirectory,
  modelsFolder,
  trusted,
}: {
  readonly url: string;
  readonly apiKey: string;
  readonly models: readonly LiveModel[];
  readonly stateDirectory: string;
  readonly modelsFolder: string;
  /** Path of the certificate that a client must be told to trust. */
  readonly trusted: string | undefined;
}): readonly FirstRequest[] {
  const curl = `curl -s${trusted === undefined ? "" : ` --cacert ${trusted}`} ${url}`;
  const headers = `-H "Authorization: Bearer ${apiKey}" -H "Content-Type: application/json"`;
  const has = (name: string) => models.some((model) => model.name === name);
  const requests: FirstRequest[] = [];
  const digit = has("digits") ? digitFile(stateDirectory, modelsFolder) : undefined;
  if (digit !== undefined) {
    requests.push({
      what: `a handwritten ${digit.label}, as a tensor: the largest of ten probabilities stands at ${digit.label}`,
      command: `${curl}/v2/models/digits/infer ${headers} -d @${digit.path}`,
    });
  }
  if (has("sms-spam")) {
    const body = {
      inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: ["WINNER!! Call now to claim your free prize"] }],
    };
    requests.push({
      what: "a text: spam or ham; with -i, the second time says x-farthing-cache: hit",
      command: `${curl}/v2/models/sms-spam/infer ${headers} -d '${JSON.stringify(body)}'`,
    });
  }
  if (has("sentences")) {
    const body = { model: "sentences", input: "A farthing is a quarter of a penny" };
    requests.push({
      what: "an embedding, as OpenAI's clients ask for it",
      command: `${curl}/v1/embeddings ${headers} -d '${JSON.stringify(body)}'`,
    });
  }
  return requests;
}

/** A body of 784 numbers is no line to paste: it goes into a file. */
function digitFile(
  stateDirectory: string,
  modelsFolder: string,
): { readonly path: string; readonly label: number } | undefined {
  const evaluation = join(modelsFolder, "digits/evaluation.json");
  if (!existsSync(evaluation)) return undefined;
  const { samples } = JSON.parse(readFileSync(evaluation, "utf8")) as { readonly samples: readonly DigitSample[] };
  const sample = samples.find(({ label, probabilities }) => (probabilities[label] ?? 0) > CLEAR) ?? samples[0];
  if (sample === undefined) return undefined;
  const data = [...Buffer.from(sample.image, "base64")];
  const folder = join(stateDirectory, "samples");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "digit.json");
  writeFileSync(path, JSON.stringify({ inputs: [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data }] }));
  const short = relative(process.cwd(), path);
  return { path: short.startsWith("..") ? path : short, label: sample.label };
}
