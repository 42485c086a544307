/**
 * What a tenant, or one of its keys, may spend and how fast. A field that is absent sets no bound. A key's own terms stand
 * beside its tenant's: a request has to satisfy both.
 */
/** `soft`: nothing is refused; answers say in a header that the budget is exceeded. */
export type Enforcement = "hard" | "soft";

export interface Budget {
  /** 1e-12 USD, as prices are counted. */
  readonly picodollars: bigint;
  readonly enforcement: Enforcement;
}

export interface Limits {
  /** Sustained rate; a burst of one second's worth passes at once. */
  readonly requestsPerSecond?: number;
  /** Tokens in and out; a burst of one minute's worth passes at once. */
  readonly tokensPerMinute?: number;
  /** Requests that are being answered at one moment. */
  readonly concurrency?: number;
  /** Jobs that are not final; they are counted where they are taken, and not by leases. */
  readonly openJobs?: number;
}

export interface Terms {
  readonly budgets: {
    /** Per day of UTC. */
    readonly daily?: Budget;
    /** Per calendar month of UTC. */
    readonly monthly?: Budget;
  };
  readonly limits: Limits;
}

export interface TenantTerms {
  readonly tenant: Terms;
  readonly key: Terms;
}

export const NO_TERMS: Terms = { budgets: {}, limits: {} };

/** Whether leases have something to count. */
export const hasTerms = ({ budgets, limits }: Terms): boolean =>
  budgets.daily !== undefined ||
  budgets.monthly !== undefined ||
  limits.requestsPerSecond !== undefined ||
  limits.tokensPerMinute !== undefined ||
  limits.concurrency !== undefined;

/** Terms as they are stored: JSON, amounts as decimal strings, because they exceed what a double holds exactly. */
export function encodeTerms({ budgets, limits }: Terms): string {
  const budget = (value: Budget | undefined) => value && { ...value, picodollars: String(value.picodollars) };
  return JSON.stringify({ budgets: { daily: budget(budgets.daily), monthly: budget(budgets.monthly) }, limits });
}

/**
 * Throws an Error on terms that it does not understand: what bounds a tenant is never ignored. Plain code, because every
 * cold start of a serving function runs it.
 */
export function decodeTerms(text: string): Terms {
  const stored = fieldsOf(JSON.parse(text), "terms", ["budgets", "limits"]);
  const budgets = fieldsOf(stored.budgets, "budgets", ["daily", "monthly"]);
  const limits = fieldsOf(stored.limits, "limits", LIMIT_NAMES);
  return {
    budgets: mapped(budgets, budgetOf),
    limits: mapped(limits, limitOf),
  };
}

const LIMIT_NAMES = ["requestsPerSecond", "tokensPerMinute", "concurrency", "openJobs"] as const;
const WHOLE: ReadonlySet<string> = new Set(["concurrency", "openJobs"]);

type Fields<Name extends string> = Readonly<Partial<Record<Name, unknown>>>;

function fieldsOf<Name extends string>(value: unknown, what: string, names: readonly Name[]): Fields<Name> {
  if (typeof value !== "object" || value === null) throw new Error(`${what}: expected an object`);
  const unknown = Object.keys(value).find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`${what}: unknown field ${JSON.stringify(unknown)}`);
  return value as Fields<Name>;
}

function mapped<Name extends string, T>(
  fields: Fields<Name>,
  read: (value: unknown, name: string) => T,
): Partial<Record<Name, T>> {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, read(value, name)])) as Partial<Record<Name, T>>;
}

const PICODOLLARS = /^\d{1,24}$/;

function budgetOf(value: unknown, name: string): Budget {
  const { picodollars, enforcement } = fieldsOf(value, name, ["picodollars", "enforcement"]);
  if (typeof picodollars !== "string" || !PICODOLLARS.test(picodollars)) {
    throw new Error(`${name}: picodollars must be a string of digits`);
  }
  if (enforcement !== "hard" && enforcement !== "soft") throw new Error(`${name}: enforcement must be hard or soft`);
  return { picodollars: BigInt(picodollars), enforcement };
}

function limitOf(value: unknown, name: string): number {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
    throw new Error(`${name} must be a number greater than 0`);
  }
  if (WHOLE.has(name) && !Number.isInteger(value)) throw new Error(`${name} must be a whole number`);
  return value;
}
