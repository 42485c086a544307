import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SERVER_VERSION } from "../../../core/serving/server-version.ts";

test("the API calls itself what package.json says", () => {
  const manifest = readFileSync(resolve(import.meta.dirname, "../../../package.json"), "utf8");
  expect(SERVER_VERSION).toBe((JSON.parse(manifest) as { version: string }).version);
});
