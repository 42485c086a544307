/** On a schedule: looks at what is used and what it costs, and sets what the template left open within its bounds. */
import middy from "@middy/core";
import { compose } from "./composition.ts";
import { parseEnvironment } from "./environment.ts";

const govern = compose(parseEnvironment(process.env), (line) => process.stdout.write(line));

export const handler = middy().handler(() => govern());
