import config from "../../farthing.config.ts";
import { parseConfig } from "../../infra/config.ts";
import { selectedEnvironment } from "../../infra/selected-environment.ts";

const { environments } = parseConfig(config);
const select = (args: readonly string[], context?: object) =>
  selectedEnvironment(args, context === undefined ? undefined : JSON.stringify(context), environments).name;

test("the context of the CDK or of farthing up", () => {
  expect(select([], { env: "local", other: 1 })).toBe("local");
});

test("the app's own arguments win", () => {
  expect(select(["-c", "env=dev"], { env: "local" })).toBe("dev");
  expect(select(["--context", "env=dev"])).toBe("dev");
  expect(select(["--context=env=dev", "-c", "other=1", "-c", "env=prod"])).toBe("prod");
});

test("none or an unknown one ends in the list", () => {
  expect(() => select([])).toThrow(
    "No environment was chosen. Say -c env=<name>; farthing.config.ts has dev, staging, prod, local, onprem.",
  );
  expect(() => select(["-c", "env=production"])).toThrow(
    /^There is no environment "production"\. .* dev, staging, prod/,
  );
  expect(() => selectedEnvironment(["-c", "env=dev"], undefined, {})).toThrow(/has none/);
});
