/**
 * The card of a model that only an upstream serves: `placement: { kind: "http" }`, a server that speaks OpenAI's API, on own
 * hardware or somebody else's. No files and no numbers of the model: the server has both. A model that this environment holds
 * itself, and an upstream too, keeps the card of its own kind; farthing.config.ts names it under the upstream.
 */
import * as z from "zod";
import { cardFields } from "./card-fields.ts";

export const httpCardSchema = z
  .strictObject({
    ...cardFields,
    task: z.enum(["text-generation", "embedding"]),
    placement: z.strictObject({
      kind: z.literal("http"),
      /** Name of an upstream (farthing.config.ts) that serves it; further ones may, too. */
      group: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
    }),
    /** Models of this environment that answer instead while no upstream can, in this order. Default: none. */
    fallback: z.array(cardFields.name).default([]),
    /** Length of a vector (embedding). */
    dimensions: z.int().min(1).optional(),
  })
  .check((context) => {
    const { task, dimensions, fallback, name } = context.value;
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: [path], message });
    if (task === "embedding" && dimensions === undefined) refuse("dimensions", 'task "embedding" needs it');
    if (task === "text-generation" && dimensions !== undefined) refuse("dimensions", 'is for task "embedding"');
    if (fallback.includes(name)) refuse("fallback", "a model does not stand in for itself");
  });

export type HttpCard = z.infer<typeof httpCardSchema>;
