/** The parts of a synthesised CloudFormation template that have a price. Values may be intrinsics (`{ Ref: … }`). */
export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export function resourcesOf(templates: readonly Template[], type?: string): readonly TemplateResource[] {
  const all = templates.flatMap((template) => Object.values(template.Resources ?? {}));
  return type === undefined ? all : all.filter((resource) => resource.Type === type);
}

/** The value at a path of property names; undefined where one is missing. */
export function propertyAt(resource: TemplateResource, ...path: readonly string[]): unknown {
  let value: unknown = resource.Properties;
  for (const name of path) value = isRecord(value) ? value[name] : undefined;
  return value;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
