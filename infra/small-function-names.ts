/** Names of functions that no configuration makes; a model group of such a name would be a second function of that name. */
export const SMALL_FUNCTION_NAMES = ["reconciler", "governor"] as const;

export type SmallFunctionName = (typeof SMALL_FUNCTION_NAMES)[number];
