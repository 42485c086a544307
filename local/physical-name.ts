import { createHash } from "node:crypto";

const SUFFIX_LENGTH = 8;

/**
 * The name of a resource whose template gives none: `<stack>-<logical id>-<8 hex digits>`. CloudFormation ends it with
 * random letters; here the end is a digest of stack and logical id, so that a resource keeps its name, and with it its
 * state, between runs.
 */
export function physicalName(
  resource: { readonly stack: string; readonly logicalId: string },
  form: { readonly maxLength: number; readonly lowerCase?: boolean },
): string {
  const { stack, logicalId } = resource;
  const suffix = createHash("sha256").update(`${stack}/${logicalId}`).digest("hex").slice(0, SUFFIX_LENGTH);
  const stem = `${stack}-${logicalId}`.slice(0, form.maxLength - SUFFIX_LENGTH - 1).replace(/-+$/, "");
  const name = `${stem}-${suffix}`;
  return form.lowerCase ? name.toLowerCase() : name;
}
