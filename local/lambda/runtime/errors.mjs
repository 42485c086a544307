/** An error whose name is the `errorType` that callers see. */
export function namedError(name, message, stack) {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The error document of the Runtime API. DEL is not allowed in an HTTP header, where errorType also goes. */
export function errorDocument(error) {
  const clean = (text) => text?.replaceAll("\x7F", "%7F");
  try {
    if (error instanceof Error) {
      return {
        errorType: clean(error.name),
        errorMessage: clean(error.message),
        trace: clean(error.stack)?.split("\n") ?? [],
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
      trace: [],
    };
  }
}
