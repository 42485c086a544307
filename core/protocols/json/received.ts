const MAX_TEXT = 60;
const MAX_LISTED = 12;

/**
 * A received JSON value as an error message shows it: short, on one line, and in constant time. Arrays and objects are
 * only named, because a hostile one is as large or as deep as the body allows.
 */
export function received(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (value === null) return "null";
  if (value === undefined) return "absent";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  return typeof value === "object" ? "an object" : String(value);
}

/** `[1,784]`; long or strange shapes are cut. */
export function receivedShape(shape: readonly unknown[]): string {
  const shown = shape.slice(0, MAX_LISTED).map(received);
  return `[${shown.join(",")}${shape.length > MAX_LISTED ? ",…" : ""}]`;
}

/** `"a", "b"` for the part of a message that says what is allowed. */
export function quotedList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).map(quoted);
  return names.length > MAX_LISTED ? `${shown.join(", ")} and ${names.length - MAX_LISTED} more` : shown.join(", ");
}

export function quoted(text: string): string {
  return JSON.stringify(text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`);
}
