import * as z from "zod";
import type { ResolvedResource } from "./simulator.ts";

/**
 * The properties of a resource that a simulator acts on, checked. Others are let through: the platform lists those that
 * are neither honoured nor ignored. Throws an Error that names the resource, the property and what is wrong with it.
 */
export function readProperties<Schema extends z.core.$ZodType>(
  resource: ResolvedResource,
  schema: Schema,
): z.core.output<Schema> {
  const parsed = z.core.safeParse(schema, resource.properties);
  if (parsed.success) return parsed.data;
  throw new Error(`${resource.stack}/${resource.logicalId} (${resource.type}): ${z.prettifyError(parsed.error)}`);
}
