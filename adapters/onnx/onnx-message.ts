/** What ONNX Runtime says, as a person wants to read it: without its own source files and our folders, on one line, short. */
export function readableMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^.*Status Message: /s, "")
    .replace(/(?:\/?[\w.-]+\/)*[\w-]+\.(?:cc|h):\d+ ?/g, "")
    .replace(/(?:\/[\w.-]+)+\/(?=[\w.-]+)/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\.$/, "")
    .slice(0, 300);
}
