/** In which order the resources of all stacks come to life: whatever a resource names exists before it. */
import { TemplateError } from "./intrinsics.ts";
import type { StackTemplate, TemplateResource } from "./template.ts";

export interface StackResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly resource: TemplateResource;
}

/** `stack/logicalId` */
export const addressOf = (stack: string, logicalId: string): string => `${stack}/${logicalId}`;

export function deploymentOrder(stacks: readonly StackTemplate[]): readonly StackResource[] {
  const resources = new Map<string, StackResource>();
  for (const { name, template } of stacks) {
    for (const [logicalId, resource] of Object.entries(template.Resources ?? {})) {
      resources.set(addressOf(name, logicalId), { stack: name, logicalId, resource });
    }
  }
  const exporters = exportingResources(stacks);
  const ordered: StackResource[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (address: string, path: readonly string[]): void => {
    const item = resources.get(address);
    if (item === undefined || state.get(address) === "done") return;
    if (state.get(address) === "open") {
      throw new TemplateError(
        `resources wait for each other: ${[...path.slice(path.indexOf(address)), address].join(" → ")}`,
      );
    }
    state.set(address, "open");
    for (const needed of needs(item, exporters)) visit(needed, [...path, address]);
    state.set(address, "done");
    ordered.push(item);
  };
  for (const address of resources.keys()) visit(address, []);
  return ordered;
}

function needs(
  { stack, resource }: StackResource,
  exporters: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const { logicalIds, imports } = namesIn(resource.Properties ?? {});
  const declared = resource.DependsOn === undefined ? [] : [resource.DependsOn].flat();
  return [
    ...[...declared, ...logicalIds].map((logicalId) => addressOf(stack, logicalId)),
    ...imports.flatMap((name) => exporters.get(name) ?? []),
  ];
}

/** Export name → the resources that its value is made of. Export names that are not plain text resolve later, or fail there. */
function exportingResources(stacks: readonly StackTemplate[]): ReadonlyMap<string, readonly string[]> {
  const exporters = new Map<string, readonly string[]>();
  for (const { name, template } of stacks) {
    for (const output of Object.values(template.Outputs ?? {})) {
      if (typeof output.Export?.Name !== "string") continue;
      exporters.set(
        output.Export.Name,
        namesIn(output.Value).logicalIds.map((logicalId) => addressOf(name, logicalId)),
      );
    }
  }
  return exporters;
}

interface Names {
  readonly logicalIds: string[];
  readonly imports: string[];
}

/** Every name that a value refers to; names of parameters among them do no harm, they are no resources. */
function namesIn(value: unknown, names: Names = { logicalIds: [], imports: [] }): Names {
  if (Array.isArray(value)) {
    for (const entry of value) namesIn(entry, names);
    return names;
  }
  if (typeof value !== "object" || value === null) return names;
  for (const [key, member] of Object.entries(value)) {
    if (key === "Ref" && typeof member === "string") names.logicalIds.push(member);
    else if (key === "Fn::GetAtt")
      names.logicalIds.push(String(Array.isArray(member) ? member[0] : String(member).split(".")[0]));
    else if (key === "Fn::ImportValue" && typeof member === "string") names.imports.push(member);
    else if (key === "Fn::Sub") names.logicalIds.push(...namesInText(Array.isArray(member) ? member[0] : member));
    namesIn(member, names);
  }
  return names;
}

const namesInText = (text: unknown): readonly string[] =>
  [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => (match[1] as string).split(".")[0] as string);
