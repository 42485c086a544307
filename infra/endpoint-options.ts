/** Endpoints with GPUs, as farthing.config.ts describes them. */
import * as z from "zod";
import { MODEL_NAME_PATTERN } from "../core/models/card-fields.ts";

/** Defaults of an endpoint. */
export const ENDPOINT = { asynchronous: false } as const;

export const endpointSchema = z.strictObject({
  /** What the cards of its models call it: `placement: { kind: "endpoint", group: "<name>" }`. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "lower-case letters, digits and '-', at most 31, a letter first"),
  /** Folders of models/. Several share the instances, each with GPUs of its own: these are chosen so that all fit. */
  models: z.array(z.string().regex(MODEL_NAME_PATTERN, "a model's name")).min(1).max(8),
  /** One endpoint more for each model, for requests of up to 1 GB and an hour by way of S3. */
  asynchronous: z.boolean().default(ENDPOINT.asynchronous),
  /**
   * Key of the model bucket's weights and of asynchronous answers. Default: S3's own. Disks of GPU instances are encrypted by
   * their hardware, for which SageMaker takes no key.
   */
  kmsKeyArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, "the ARN of a KMS key")
    .optional(),
});

export type EndpointOptions = z.infer<typeof endpointSchema>;
