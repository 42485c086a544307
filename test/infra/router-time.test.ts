import { type EnvironmentConfig, parseConfig } from "../../infra/config.ts";
import { routerTimeoutSeconds } from "../../infra/router-time.ts";
import { assembly, resources } from "./assembly.ts";

const environment = (router: object, ...models: readonly string[]): EnvironmentConfig =>
  parseConfig({
    environments: {
      prod: {
        router,
        modelGroups: [{ name: "small" }],
        endpoints: models.length === 0 ? [] : [{ name: "chat", models: [...models] }],
      },
    },
  }).environments.prod as EnvironmentConfig;

const cards = new Map([
  ["usual", { wake: { seconds: 420, maxHeld: 20 } }],
  ["slow", { wake: { seconds: 600, maxHeld: 1 } }],
  ["slowest", { wake: { seconds: 3600, maxHeld: 20 } }],
  ["never-held", { wake: { seconds: 3600, maxHeld: 0 } }],
]);

test.each([
  ["no model that sleeps", environment({}), 75],
  ["the longest wake-up of those that are waited for", environment({}, "usual", "slow", "never-held"), 825],
  ["what Lambda allows", environment({}, "slowest"), 890],
  ["only models that nobody waits for", environment({}, "never-held"), 75],
  ["what the configuration says", environment({ timeoutSeconds: 100 }, "usual"), 100],
])("%s", (_, config, seconds) => {
  expect(routerTimeoutSeconds(config, cards)).toBe(seconds);
});

test.each([
  // Its cards say 600 s at most.
  ["gpu", 825],
  ["everything", 75],
])("in %s the function runs for that long, and the gateway waits for it", (variant, seconds) => {
  const router = resources(assembly(variant), "AWS::Lambda::Function").find(
    ({ Properties }) => Properties?.FunctionName === "farthing-prod-router",
  );
  expect(router?.Properties?.Timeout).toBe(seconds);
  const waits = resources(assembly(variant), "AWS::ApiGateway::Method").map(
    ({ Properties }) => (Properties?.Integration as { readonly TimeoutInMillis: number }).TimeoutInMillis,
  );
  expect(Math.max(...waits)).toBe((seconds + 5) * 1000);
});
