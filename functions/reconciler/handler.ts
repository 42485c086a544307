/** Usage lines, as CloudWatch Logs delivers them, become usage records. Delivered twice, they count once. */
import middy from "@middy/core";
import { compose } from "./composition.ts";
import { parseEnvironment } from "./environment.ts";

const reconcile = compose(parseEnvironment(process.env));

export const handler = middy().handler((event: unknown) => reconcile(event));
