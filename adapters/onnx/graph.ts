/** A loaded graph: tensors in, tensors out. The only file that calls ONNX Runtime to infer. */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FarthingError } from "../../core/errors.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { Tensor, TensorData } from "../../core/protocols/spec/tensor.ts";
import { dataTypeOf, onnxTypeOf } from "./data-types.ts";
import { decoderModel } from "./generation/decoder-model.ts";
import { ADDED } from "./generation/onnx-nodes.ts";
import { LEAST_ROWS } from "./generation/steady-attention.ts";
import { graphSignature } from "./graph-signature.ts";
import { readableMessage } from "./onnx-message.ts";
import { type InferenceSession, type OnnxTensor, onnxRuntime } from "./runtime.ts";
import { type SessionSettings, sessionOptions } from "./session-options.ts";

export interface Graph {
  readonly signature: ModelSignature;
  /** Outputs that were added to the graph, and that no signature tells of (generation/row-outputs.ts). */
  readonly hasRowOutputs: boolean;
  /** An input was added, and may be left out: runs can be asked to be steady (generation/steady-attention.ts). */
  readonly canBeSteady: boolean;
  /** `outputs`: names; absent means all of the signature. Throws `invalid_field` when the graph refuses its inputs. */
  run(inputs: readonly Tensor[], outputs?: readonly string[]): Promise<readonly Tensor[]>;
  /** As `run`, with ONNX Runtime's own tensors: what goes from one run into the next is neither converted nor copied here. */
  runTensors(
    feeds: Readonly<Record<string, OnnxTensor>>,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, OnnxTensor>>>;
  /** Frees the memory; the graph must not be used again. */
  release(): Promise<void>;
}

/** `path`: the .onnx file; external data lies beside it and is mapped into memory. Throws an Error with ONNX Runtime's reason. */
export function openGraph(path: string, settings: SessionSettings): Promise<Graph> {
  return graphOf(onnxRuntime().InferenceSession.create(path, sessionOptions(settings)));
}

/** The same, rewritten for decoding where the graph is laid out for that (generation/decoder-model.ts). */
export async function openGraphWithRows(path: string, settings: SessionSettings): Promise<Graph> {
  if ((await stat(path)).size > LARGEST_READ_BYTES) return openGraph(path, settings);
  const model = await readFile(path);
  const bytes = decoderModel(model);
  if (bytes === undefined) return openGraph(path, settings);
  try {
    return await openGraphBytes(bytes, dirname(path), settings);
  } catch {
    // A layout that the rewrite did not foresee: slower as it is, or broken, and then with a reason that fits the file.
    return openGraph(path, settings);
  }
}

/** `directory`: where the graph's external data lies. */
export function openGraphBytes(graph: Uint8Array, directory: string, settings: SessionSettings): Promise<Graph> {
  const { extra, ...options } = sessionOptions(settings);
  const session = { ...(extra?.session as object), model_external_initializers_file_folder_path: directory };
  return graphOf(onnxRuntime().InferenceSession.create(graph, { ...options, extra: { ...extra, session } }));
}

async function graphOf(creation: Promise<InferenceSession>): Promise<Graph> {
  const { Tensor: NativeTensor } = onnxRuntime();
  const session = await creation;
  const signature = signatureOrRelease(session);
  const everyOutput = signature.outputs.map(({ name }) => name);

  const canBeSteady = session.inputNames.includes(LEAST_ROWS);
  const defaults = canBeSteady ? { [LEAST_ROWS]: new NativeTensor("int64", BigInt64Array.of(1n), []) } : undefined;

  async function runTensors(feeds: Readonly<Record<string, OnnxTensor>>, outputs: readonly string[]) {
    try {
      const all = defaults === undefined ? feeds : { ...defaults, ...feeds };
      return (await session.run(all, outputs)) as Readonly<Record<string, OnnxTensor>>;
    } catch (error) {
      throw runError(error);
    }
  }

  return {
    signature,
    canBeSteady,
    hasRowOutputs: session.outputNames.some(isAdded),
    runTensors,
    async run(inputs, outputs = everyOutput) {
      const feeds: Record<string, OnnxTensor> = {};
      for (const { name, dataType, shape, data } of inputs) {
        const type = onnxTypeOf(dataType);
        if (type === undefined) throw unrunnable(name, dataType);
        feeds[name] = new NativeTensor(type, data as OnnxTensor.DataType, shape);
      }
      const results = await runTensors(feeds, outputs);
      return outputs.map((name) => fromNative(name, results[name] as OnnxTensor));
    },
    release: () => session.release(),
  };
}

/** Of a model in one file, weights and all: longer ones are published with their weights beside the graph. */
const LARGEST_READ_BYTES = 64 * 2 ** 20;

const isAdded = (name: string): boolean => name.startsWith(ADDED);

function signatureOrRelease(session: InferenceSession): ModelSignature {
  try {
    const { inputs, outputs } = graphSignature(session);
    const isOwn = ({ name }: { readonly name: string }): boolean => !isAdded(name);
    return { inputs: inputs.filter(isOwn), outputs: outputs.filter(isOwn) };
  } catch (error) {
    void session.release();
    throw error;
  }
}

function fromNative(name: string, tensor: OnnxTensor): Tensor {
  const dataType = dataTypeOf(tensor.type);
  if (dataType === undefined) throw new Error(`output "${name}" came as ${tensor.type}`);
  return { name, dataType, shape: tensor.dims, data: tensor.data as TensorData };
}

const unrunnable = (name: string, dataType: string): FarthingError =>
  new FarthingError("invalid_datatype", `Input "${name}" is ${dataType}, which ONNX Runtime cannot take here.`, {
    field: name,
  });

const OUT_OF_MEMORY = /bad_alloc|Failed to allocate|out of memory/i;
const INPUT_REFUSED =
  /INVALID_ARGUMENT|Got invalid dimensions|Non-zero status code returned while running|out of (?:data )?bounds/i;

/**
 * The protocol has checked names, types and fixed sizes; what a graph still refuses is a matter of sizes that must agree
 * with each other, or of values (an index outside a table): the caller's to change.
 */
function runError(error: unknown): FarthingError {
  const message = error instanceof Error ? error.message : String(error);
  if (OUT_OF_MEMORY.test(message)) {
    return new FarthingError(
      "payload_too_large",
      "The inputs need more memory than this deployment has; send fewer rows.",
      {
        cause: error,
      },
    );
  }
  if (!INPUT_REFUSED.test(message))
    return new FarthingError("internal", "The model failed on these inputs.", { cause: error });
  return new FarthingError("invalid_field", `The model cannot run on these inputs: ${readableMessage(error)}.`, {
    field: "inputs",
    cause: error,
  });
}
