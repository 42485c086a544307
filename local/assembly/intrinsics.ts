/**
 * CloudFormation's intrinsic functions, to plain values.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 * An unknown function fails loudly, with the place where it stands.
 */
import type { Template } from "./template.ts";

/** What names mean inside one stack. */
export interface Scope {
  readonly template: Template;
  /** Pseudo parameters: `AWS::Region`, … */
  readonly pseudo: Readonly<Record<string, string>>;
  /** Undefined: no such resource, or it does not exist yet. */
  ref(logicalId: string): string | undefined;
  attribute(logicalId: string, name: string): string | undefined;
  importedValue(exportName: string): unknown;
}

/** Stands for `AWS::NoValue`: the property or list entry that holds it is left out. */
const NO_VALUE = Symbol("AWS::NoValue");

export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

type Resolve = (value: unknown, path: string) => unknown;
type Intrinsic = (argument: unknown, scope: Scope, resolve: Resolve, path: string) => unknown;

/** `path` says where `value` stands, for messages: `stack/resource.Properties.Name`. */
export function resolveValue(value: unknown, scope: Scope, path: string): unknown {
  const resolve: Resolve = (inner, innerPath) => {
    if (Array.isArray(inner)) {
      return inner.map((entry, i) => resolve(entry, `${innerPath}[${i}]`)).filter((entry) => entry !== NO_VALUE);
    }
    if (typeof inner !== "object" || inner === null) return inner;
    const entries = Object.entries(inner);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined && isIntrinsic(only)) {
      const intrinsic = Object.hasOwn(INTRINSICS, only[0]) ? INTRINSICS[only[0]] : undefined;
      if (intrinsic === undefined) throw new TemplateError(`${innerPath}: the function ${only[0]} is not known here`);
      return intrinsic(only[1], scope, resolve, innerPath);
    }
    const resolved = entries.map(([key, member]) => [key, resolve(member, `${innerPath}.${key}`)] as const);
    return Object.fromEntries(resolved.filter(([, member]) => member !== NO_VALUE));
  };
  const resolved = resolve(value, path);
  return resolved === NO_VALUE ? undefined : resolved;
}

/** Whether a condition of the template holds; a resource or output without one always exists. */
export function conditionHolds(name: string | undefined, scope: Scope, path: string): boolean {
  if (name === undefined) return true;
  const condition = scope.template.Conditions?.[name];
  if (condition === undefined) throw new TemplateError(`${path}: there is no condition "${name}"`);
  return asBoolean(resolveValue(condition, scope, `Conditions.${name}`), `Conditions.${name}`);
}

/** A policy statement has a `Condition` of its own, which is an object; the function's argument is a name. */
const isIntrinsic = ([key, argument]: readonly [string, unknown]): boolean =>
  key === "Ref" || key.startsWith("Fn::") || (key === "Condition" && typeof argument === "string");

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, scope, _resolve, path) => reference(asText(argument, path), scope, path),
  Condition: (argument, scope, _resolve, path) => conditionHolds(asText(argument, path), scope, path),
  "Fn::GetAtt": (argument, scope, resolve, path) => {
    const [logicalId, ...names] = typeof argument === "string" ? argument.split(".") : asList(argument, path);
    const attribute = names.map((name) => asText(resolve(name, path), path)).join(".");
    const id = asText(logicalId, path);
    return found(scope.attribute(id, attribute), `${path}: ${id} has no attribute "${attribute}" here`);
  },
  "Fn::Join": (argument, _scope, resolve, path) => {
    const [separator, values] = asList(argument, path);
    return asList(resolve(values, path), path)
      .map((value) => asText(value, path))
      .join(asText(separator, path));
  },
  "Fn::Sub": (argument, scope, resolve, path) => {
    const [text, own] = typeof argument === "string" ? [argument, {}] : asList(argument, path);
    const variables = resolve(own ?? {}, path) as Record<string, unknown>;
    return asText(text, path).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal === "!") return `\${${name}}`;
      if (Object.hasOwn(variables, name)) return asText(variables[name], path);
      const dot = name.indexOf(".");
      if (dot < 0) return asText(reference(name, scope, path), path);
      return asText(resolve({ "Fn::GetAtt": [name.slice(0, dot), name.slice(dot + 1)] }, path), path);
    });
  },
  "Fn::Select": (argument, _scope, resolve, path) => {
    const [index, values] = resolve(argument, path) as unknown[];
    const list = asList(values, path);
    return found(list[Number(index)], `${path}: Fn::Select asks for entry ${index} of ${list.length}`);
  },
  "Fn::Split": (argument, _scope, resolve, path) => {
    const [separator, text] = asList(argument, path);
    return asText(resolve(text, path), path).split(asText(separator, path));
  },
  "Fn::If": (argument, scope, resolve, path) => {
    const [condition, then, otherwise] = asList(argument, path);
    return resolve(conditionHolds(asText(condition, path), scope, path) ? then : otherwise, path);
  },
  "Fn::Equals": (argument, _scope, resolve, path) => {
    const [a, b] = asList(resolve(argument, path), path);
    return JSON.stringify(a) === JSON.stringify(b);
  },
  "Fn::And": (argument, _scope, resolve, path) =>
    asList(resolve(argument, path), path).every((value) => asBoolean(value, path)),
  "Fn::Or": (argument, _scope, resolve, path) =>
    asList(resolve(argument, path), path).some((value) => asBoolean(value, path)),
  "Fn::Not": (argument, _scope, resolve, path) => !asBoolean(asList(resolve(argument, path), path)[0], path),
  "Fn::ImportValue": (argument, scope, resolve, path) => {
    const name = asText(resolve(argument, path), path);
    return found(scope.importedValue(name), `${path}: no stack exports "${name}"`);
  },
  "Fn::FindInMap": (argument, scope, resolve, path) => {
    const [map, first, second] = asList(resolve(argument, path), path).map((key) => asText(key, path));
    const value = scope.template.Mappings?.[map as string]?.[first as string]?.[second as string];
    return found(value, `${path}: the mapping ${map} has no entry ${first}/${second}`);
  },
  "Fn::Base64": (argument, _scope, resolve, path) =>
    Buffer.from(asText(resolve(argument, path), path)).toString("base64"),
  "Fn::GetAZs": (argument, scope, resolve, path) => {
    const region = asText(resolve(argument, path), path) || (scope.pseudo["AWS::Region"] as string);
    return ["a", "b", "c"].map((zone) => `${region}${zone}`);
  },
};

function reference(name: string, scope: Scope, path: string): unknown {
  if (name === "AWS::NoValue") return NO_VALUE;
  if (name.startsWith("AWS::"))
    return found(scope.pseudo[name], `${path}: the pseudo parameter ${name} is not known here`);
  const parameter = scope.template.Parameters?.[name];
  if (parameter !== undefined) return found(parameter.Default, `${path}: the parameter ${name} has no default`);
  return found(scope.ref(name), `${path}: there is no resource or parameter "${name}"`);
}

function found<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new TemplateError(otherwise);
  return value;
}

function asText(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new TemplateError(`${path}: expected text, received ${JSON.stringify(value)}`);
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`${path}: expected a list, received ${JSON.stringify(value)}`);
}

function asBoolean(value: unknown, path: string): boolean {
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new TemplateError(`${path}: expected a condition, received ${JSON.stringify(value)}`);
}
