import type { CloudAssembly } from "./cloud-assembly.ts";
import { addressOf } from "./deployment-order.ts";
import type { TemplateResource } from "./template.ts";

export interface FunctionChange {
  /** `stack/logicalId` */
  readonly address: string;
  readonly assetKey: string;
}

/**
 * What a running platform can take over from a newer assembly: functions whose code alone changed. Anything else (a new
 * resource, another permission or variable) needs a new start, which is said and not half done.
 */
export function changedFunctions(
  before: CloudAssembly,
  after: CloudAssembly,
): { readonly functions: readonly FunctionChange[]; readonly needsRestart: boolean } {
  const functions: FunctionChange[] = [];
  const old = resourcesOf(before);
  const current = resourcesOf(after);
  let needsRestart = old.size !== current.size;
  for (const [address, resource] of current) {
    const previous = old.get(address);
    if (previous === undefined || withoutCode(previous) !== withoutCode(resource)) {
      needsRestart = true;
      continue;
    }
    const assetKey = codeKey(resource);
    if (assetKey !== undefined && assetKey !== codeKey(previous)) functions.push({ address, assetKey });
  }
  return { functions, needsRestart };
}

const resourcesOf = ({ stacks }: CloudAssembly): ReadonlyMap<string, TemplateResource> =>
  new Map(
    stacks.flatMap(({ name, template }) =>
      Object.entries(template.Resources ?? {}).map(([id, resource]) => [addressOf(name, id), resource] as const),
    ),
  );

function codeKey({ Type, Properties }: TemplateResource): string | undefined {
  if (Type !== "AWS::Lambda::Function") return undefined;
  const key = (Properties?.Code as { readonly S3Key?: unknown } | undefined)?.S3Key;
  return typeof key === "string" ? key : undefined;
}

/** Without the code, and without metadata: paths of assets stand there. */
function withoutCode({ Type, Properties, DependsOn }: TemplateResource): string {
  if (Type !== "AWS::Lambda::Function") return JSON.stringify({ Type, Properties, DependsOn });
  const { Code: _, ...rest } = Properties ?? {};
  return JSON.stringify({ Type, rest, DependsOn });
}
