/** The class of a natural language inference model that says "the second sentence follows from the first". */

/** As these models call it: `entailment`, `ENTAILMENT`, `entails`. */
const ENTAILMENT_LABEL = /^entail(?:ment|s)?$/i;

/** Its position among the labels; -1 when no label, or more than one, says so. */
export function entailmentIndex(labels: readonly string[]): number {
  const found = labels.flatMap((label, index) => (ENTAILMENT_LABEL.test(label) ? [index] : []));
  return found.length === 1 ? (found[0] as number) : -1;
}
