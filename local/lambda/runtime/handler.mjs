import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { namedError } from "./errors.mjs";

const EXTENSIONS = ["", ".js", ".mjs", ".cjs"];
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");

/** The handler that `folder/module.export.path` names below the task root, with what streamifyResponse noted on it. */
export async function loadHandler(taskRoot, name) {
  if (name.includes("..")) {
    throw namedError(
      "Runtime.MalformedHandlerName",
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const file = basename(name);
  const folder = name.slice(0, name.indexOf(file));
  const match = /^([^.]*)\.(.*)$/.exec(file);
  if (match === null) throw namedError("Runtime.MalformedHandlerName", "Bad handler");
  const [, moduleName, exportPath] = match;

  const module = await loadModule(taskRoot, folder, moduleName);
  const handler = find(module, exportPath) || find(module?.default, exportPath);
  if (!handler) throw namedError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw namedError("Runtime.HandlerNotFound", `${name} is not a function`);

  const streaming = handler[STREAMING];
  if (streaming && streaming !== "response") {
    throw namedError("Runtime.MalformedStreamingHandler", "Only response streaming is supported.");
  }
  if (!streaming && handler.length >= 3) {
    throw namedError(
      "Runtime.CallbackHandlerDeprecated",
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.",
    );
  }
  const mark = Number(handler[HIGH_WATER_MARK] || undefined);
  return { handler, streaming: Boolean(streaming), highWaterMark: Number.isNaN(mark) ? undefined : mark };
}

async function loadModule(taskRoot, folder, name) {
  const path = resolve(taskRoot, folder, name);
  try {
    for (const extension of EXTENSIONS) {
      if (existsSync(path + extension)) return await import(path + extension);
    }
    const require = createRequire(import.meta.url);
    return require(require.resolve(name, { paths: [taskRoot, join(taskRoot, folder)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw namedError("Runtime.UserCodeSyntaxError", String(error), error.stack);
    if (error?.code === "MODULE_NOT_FOUND") throw namedError("Runtime.ImportModuleError", String(error));
    throw error;
  }
}

function find(object, path) {
  let found = object;
  for (const key of path.split(".")) found = found && typeof found === "object" ? found[key] : undefined;
  return found;
}
