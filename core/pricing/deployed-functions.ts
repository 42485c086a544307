import { propertyAt, resourcesOf, type Template } from "./template.ts";

/** What a function costs by. Lambda's own defaults where the template says nothing. */
export interface DeployedFunction {
  readonly memoryMegabytes: number;
  readonly architecture: "x86_64" | "arm64";
  /** On managed instances, which are paid by the hour and not by the millisecond. */
  readonly managed?: true;
}

/** The serving functions of an environment, by the name that usage lines call them. */
export function deployedFunctions(templates: readonly Template[]): Readonly<Record<string, DeployedFunction>> {
  const functions: Record<string, DeployedFunction> = {};
  for (const resource of resourcesOf(templates, "AWS::Lambda::Function")) {
    const name = propertyAt(resource, "Environment", "Variables", "FARTHING_DEPLOYMENT");
    if (typeof name !== "string") continue;
    const architectures = propertyAt(resource, "Architectures");
    functions[name] = {
      memoryMegabytes: Number(propertyAt(resource, "MemorySize") ?? 128),
      architecture: Array.isArray(architectures) && architectures[0] === "arm64" ? "arm64" : "x86_64",
      ...(propertyAt(resource, "CapacityProviderConfig") !== undefined && { managed: true as const }),
    };
  }
  return functions;
}
