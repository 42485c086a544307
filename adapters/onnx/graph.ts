/** A loaded graph: tensors in, tensors out. The only file that calls ONNX Runtime to infer. */
import { FarthingError } from "../../core/errors.ts";
import type { ModelSignature } from "../../core/protocols/spec/signature.ts";
import type { Tensor, TensorData } from "../../core/protocols/spec/tensor.ts";
import { dataTypeOf, onnxTypeOf } from "./data-types.ts";
import { graphSignature } from "./graph-signature.ts";
import { readableMessage } from "./onnx-message.ts";
import { type InferenceSession, type OnnxTensor, onnxRuntime } from "./runtime.ts";
import { type SessionSettings, sessionOptions } from "./session-options.ts";

export interface Graph {
  readonly signature: ModelSignature;
  /** `outputs`: names; absent means all of the signature. Throws `invalid_field` when the graph refuses its inputs. */
  run(inputs: readonly Tensor[], outputs?: readonly string[]): Promise<readonly Tensor[]>;
  /** Frees the memory; the graph must not be used again. */
  release(): Promise<void>;
}

/** `path`: the .onnx file; external data lies beside it and is mapped into memory. Throws an Error with ONNX Runtime's reason. */
export async function openGraph(path: string, settings: SessionSettings): Promise<Graph> {
  const { InferenceSession, Tensor: NativeTensor } = onnxRuntime();
  const session = await InferenceSession.create(path, sessionOptions(settings));
  const signature = signatureOrRelease(session);
  const everyOutput = signature.outputs.map(({ name }) => name);

  return {
    signature,
    async run(inputs, outputs = everyOutput) {
      const feeds: Record<string, OnnxTensor> = {};
      for (const { name, dataType, shape, data } of inputs) {
        const type = onnxTypeOf(dataType);
        if (type === undefined) throw unrunnable(name, dataType);
        feeds[name] = new NativeTensor(type, data as OnnxTensor.DataType, shape);
      }
      let results: InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(feeds, outputs);
      } catch (error) {
        throw runError(error);
      }
      return outputs.map((name) => fromNative(name, results[name] as OnnxTensor));
    },
    release: () => session.release(),
  };
}

function signatureOrRelease(session: InferenceSession): ModelSignature {
  try {
    return graphSignature(session);
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
const INPUT_REFUSED = /INVALID_ARGUMENT|Got invalid dimensions|Non-zero status code returned while running|out of (?:data )?bounds/i;

/**
 * The protocol has checked names, types and fixed sizes; what a graph still refuses is a matter of sizes that must agree
 * with each other, or of values (an index outside a table): the caller's to change.
 */
function runError(error: unknown): FarthingError {
  const message = error instanceof Error ? error.message : String(error);
  if (OUT_OF_MEMORY.test(message)) {
    return new FarthingError("payload_too_large", "The inputs need more memory than this deployment has; send fewer rows.", {
      cause: error,
    });
  }
  if (!INPUT_REFUSED.test(message)) return new FarthingError("internal", "The model failed on these inputs.", { cause: error });
  return new FarthingError("invalid_field", `The model cannot run on these inputs: ${readableMessage(error)}.`, {
    field: "inputs",
    cause: error,
  });
}
