/**
 * Which models the synthesised stacks have an engine for, a GPU endpoint or an upstream: the router is told by variables, and
 * those stand in its template.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { propertyAt, resourcesOf, type Template } from "../../core/pricing/template.ts";

export function engineModels(assemblyDirectory: string): ReadonlySet<string> {
  const templates = globSync("*.template.json", { cwd: assemblyDirectory }).map(
    (file) => JSON.parse(readFileSync(join(assemblyDirectory, file), "utf8")) as Template,
  );
  const values = (name: string) =>
    resourcesOf(templates, "AWS::Lambda::Function").flatMap((resource): unknown[] => {
      const value = propertyAt(resource, "Environment", "Variables", name);
      return typeof value === "string" ? [JSON.parse(value)] : [];
    });
  const endpoints = values("FARTHING_ENDPOINTS") as readonly Readonly<Record<string, unknown>>[];
  const upstreams = values("FARTHING_UPSTREAMS") as readonly (readonly { readonly models: object }[])[];
  return new Set([
    ...endpoints.flatMap((routes) => Object.keys(routes)),
    ...upstreams.flat().flatMap(({ models }) => Object.keys(models)),
  ]);
}
