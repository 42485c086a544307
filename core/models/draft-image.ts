/** The card's `image` from preprocessor_config.json, as the image processors of transformers write it. */
import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { ModelCard } from "./card.ts";

type Image = NonNullable<ModelCard["image"]>;

type Size =
  | number
  | {
      readonly height?: number;
      readonly width?: number;
      readonly shortest_edge?: number;
      readonly longest_edge?: number;
    };

export interface PreprocessorConfig {
  readonly do_resize?: boolean;
  readonly size?: Size;
  /** Pillow's numbers of its filters. */
  readonly resample?: number;
  readonly do_center_crop?: boolean;
  readonly crop_size?: Size;
  /** Of ConvNeXt: the share of the resized picture that is kept. */
  readonly crop_pct?: number | null;
  readonly do_rescale?: boolean;
  readonly rescale_factor?: number;
  readonly rescale_offset?: boolean;
  readonly do_normalize?: boolean;
  readonly image_mean?: readonly number[];
  readonly image_std?: readonly number[];
  /** Red and blue change places. */
  readonly do_flip_channel_order?: boolean;
}

const FILTERS: Readonly<Record<number, NonNullable<Image["resample"]>>> = {
  0: "nearest",
  1: "lanczos",
  2: "bilinear",
  3: "bicubic",
};
/** https://github.com/huggingface/transformers/blob/main/src/transformers/image_utils.py, IMAGENET_STANDARD_* */
const STANDARD = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
/** From this size on ConvNeXt's processor does not cut. */
const CONVNEXT_WHOLE_FROM = 384;

/** Adds to `open` what was guessed. Throws an Error in words where the configuration asks for what no task here does. */
export function draftImage(
  config: PreprocessorConfig | undefined,
  labels: readonly string[],
  graph: ModelSignature,
  open: string[],
): Image {
  const [, channels = 3, height = -1, width = -1] = graph.inputs[0]?.shape ?? [];
  const base = { labels: [...labels], ...(channels === 1 && { channels: "gray" as const }) };
  if (config === undefined) {
    open.push(
      "image: scaled to values from -1 to 1, since there is no preprocessor_config.json; say what the model was trained with",
    );
    const normal = channels === 1 ? { mean: [0.5] as [number], std: [0.5] as [number] } : perChannel(STANDARD);
    return { ...base, ...(height > 0 && width > 0 && { resize: { width, height } }), ...normal };
  }
  if (config.rescale_offset)
    throw new Error("preprocessor_config.json asks for rescale_offset, which no task here does");
  const rescale = config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255);
  const { image_mean: mean, image_std: std } = config;
  return {
    ...base,
    ...(config.do_flip_channel_order && { channels: "bgr" as const }),
    ...sizes(config),
    ...(config.resample !== undefined && { resample: filterOf(config.resample) }),
    rescale,
    ...(config.do_normalize !== false && mean && std && perChannel({ mean, std })),
  };
}

function sizes(config: PreprocessorConfig): Pick<Image, "resize" | "crop"> {
  const { size, crop_size: cropSize, crop_pct: share } = config;
  const crop = config.do_center_crop && cropSize !== undefined ? { crop: squareOf(cropSize) } : {};
  if (config.do_resize === false || size === undefined) return crop;
  const edge = typeof size === "number" ? size : size.shortest_edge;
  if (typeof share === "number" && edge !== undefined) {
    const whole = { width: edge, height: edge };
    return edge >= CONVNEXT_WHOLE_FROM
      ? { resize: whole }
      : { resize: { shortestEdge: Math.trunc(edge / share) }, crop: whole };
  }
  // A bare number is a square for processors that do not cut, and the shorter side for those that do.
  const isShorterSide = typeof size === "number" ? config.do_center_crop === true : size.shortest_edge !== undefined;
  return { resize: isShorterSide && edge !== undefined ? { shortestEdge: edge } : squareOf(size), ...crop };
}

function squareOf(size: Size): { width: number; height: number } {
  if (typeof size === "number") return { width: size, height: size };
  const { height, width, shortest_edge: edge } = size;
  if (height !== undefined && width !== undefined) return { width, height };
  if (edge !== undefined) return { width: edge, height: edge };
  throw new Error(`preprocessor_config.json asks for the size ${JSON.stringify(size)}, which no task here makes`);
}

function filterOf(number: number): NonNullable<Image["resample"]> {
  const filter = FILTERS[number];
  if (filter !== undefined) return filter;
  throw new Error(
    `preprocessor_config.json asks for resample ${number}; known here: ${Object.entries(FILTERS)
      .map((entry) => entry.join(" "))
      .join(", ")}`,
  );
}

/** One number for all channels stays one. */
function perChannel({ mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] }) {
  type PerChannel = NonNullable<Image["mean"]>;
  return { mean: [...mean] as PerChannel, std: [...std] as PerChannel };
}
