import { ServiceError } from "../endpoint/service-error.ts";
import { functionArn, parseFunctionReference } from "./function-arn.ts";
import type { FunctionVersion } from "./function-version.ts";
import type { PolicyStatement } from "./resource-policy.ts";
import { VersionPool } from "./version-pool.ts";

export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  readonly latest: VersionPool;
  /** Published versions by number, oldest first. */
  readonly published: Map<string, VersionPool>;
  readonly aliases: Map<string, Alias>;
  readonly policy: PolicyStatement[];
  readonly asynchronous: { retries: number; maxEventAgeSeconds: number };
  /** Undefined: takes from what the account has. */
  readonly reservedConcurrency: number | undefined;
  /** Requests that wait or run. */
  inFlight: number;
}

export interface Alias {
  readonly version: string;
  /** Version → share of the requests between 0 and 1; the rest goes to `version`. */
  readonly weights: ReadonlyMap<string, number>;
}

/** What an invocation names: a function and one of its versions. */
export interface ResolvedFunction {
  readonly function: LambdaFunction;
  readonly pool: VersionPool;
  readonly qualifier?: string;
  /** As the caller wrote it; what the function sees as `invokedFunctionArn`. */
  readonly invokedArn: string;
}

export class FunctionStore {
  readonly #account: { readonly region: string; readonly accountId: string };
  readonly #random: () => number;
  readonly #functions = new Map<string, LambdaFunction>();

  /** `random` gives numbers in [0, 1): the weights of aliases are drawn by it. */
  constructor(account: { readonly region: string; readonly accountId: string }, random: () => number) {
    this.#account = account;
    this.#random = random;
  }

  get all(): readonly LambdaFunction[] {
    return [...this.#functions.values()];
  }

  add(version: FunctionVersion, limits: Pick<LambdaFunction, "reservedConcurrency" | "asynchronous">): LambdaFunction {
    const { functionName } = version;
    if (this.#functions.has(functionName)) throw new Error(`Function ${functionName} exists already.`);
    const added: LambdaFunction = {
      name: functionName,
      arn: version.functionArn,
      latest: new VersionPool(version),
      published: new Map(),
      aliases: new Map(),
      policy: [],
      ...limits,
      inFlight: 0,
    };
    this.#functions.set(functionName, added);
    return added;
  }

  /** `text`: name, ARN or partial ARN. Throws an Error that names what is missing. */
  named(text: string): { readonly function: LambdaFunction; readonly qualifier?: string } {
    const reference = parseFunctionReference(text);
    const found = reference && this.#functions.get(reference.name);
    if (found === undefined) {
      const known = [...this.#functions.keys()].join(", ") || "none";
      throw new Error(`There is no function ${text}; known are: ${known}.`);
    }
    return reference?.qualifier === undefined
      ? { function: found }
      : { function: found, qualifier: reference.qualifier };
  }

  /** As `resolve`; undefined where there is no such function or version. */
  found(text: string): ResolvedFunction | undefined {
    try {
      return this.resolve(text);
    } catch {
      return undefined;
    }
  }

  /** Throws ResourceNotFoundException, as an invocation does. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
  resolve(text: string, explicitQualifier?: string): ResolvedFunction {
    const reference = parseFunctionReference(text);
    const name = reference?.name ?? text;
    const qualifier = explicitQualifier ?? reference?.qualifier;
    const invokedArn = functionArn(this.#account, name, qualifier);
    const found = this.#functions.get(name);
    const pool = found === undefined ? undefined : this.#poolOf(found, qualifier);
    if (found === undefined || pool === undefined) {
      throw new ServiceError(404, "ResourceNotFoundException", `Function not found: ${invokedArn}`, {
        details: { Type: "User" },
      });
    }
    return { function: found, pool, invokedArn, ...(qualifier === undefined ? {} : { qualifier }) };
  }

  #poolOf(found: LambdaFunction, qualifier: string | undefined): VersionPool | undefined {
    if (qualifier === undefined || qualifier === "$LATEST") return found.latest;
    const alias = found.aliases.get(qualifier);
    return found.published.get(alias === undefined ? qualifier : this.#draw(alias));
  }

  #draw(alias: Alias): string {
    if (alias.weights.size === 0) return alias.version;
    let drawn = this.#random();
    for (const [version, weight] of alias.weights) {
      if (drawn < weight) return version;
      drawn -= weight;
    }
    return alias.version;
  }
}
