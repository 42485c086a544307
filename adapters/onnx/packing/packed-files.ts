/** Names in the folder of a packed graph. */
export const PACKED_GRAPH = "model.onnx";
export const PACKED_WEIGHTS = "model.onnx.packed";
/** In place of the two: why there is no packed form. */
export const REFUSED = "refused.txt";
/** Beside the two where offsets were folded: what the graph answers. */
export const SAMPLE = "sample.json";
