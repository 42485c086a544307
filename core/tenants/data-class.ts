/**
 * How freely a tenant's data may travel: `open` goes wherever a model is, `restricted` never leaves targets on premises.
 * Ordered from the freest to the strictest.
 */
export const DATA_CLASSES = ["open", "restricted"] as const;
export type DataClass = (typeof DATA_CLASSES)[number];

/** A key can be stricter than its tenant, never freer. */
export const stricterOf = (tenant: DataClass, key: DataClass | undefined): DataClass =>
  key !== undefined && DATA_CLASSES.indexOf(key) > DATA_CLASSES.indexOf(tenant) ? key : tenant;
