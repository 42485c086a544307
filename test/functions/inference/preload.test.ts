import { preloadModels } from "../../../functions/inference/preload.ts";
import { digestOf, modelOf } from "../../core/serving/world.ts";

test("live versions are loaded, all at once; what fails is reported and stops nothing", async () => {
  const asked: string[] = [];
  const failed: string[] = [];
  await preloadModels(["good", "corrupt", "absent"], {
    registry: {
      get: async (name) => (name === "absent" ? undefined : modelOf({ name, live: digestOf("b") })),
      getNewest: async () => undefined,
      list: async () => [],
    },
    models: {
      infer: () => Promise.reject(new Error("not asked for")),
      async ready({ model, version }) {
        asked.push(`${model} ${version}`);
        if (model === "corrupt") throw new Error("does not load");
      },
    },
    onFailed: (model, error) => failed.push(`${model}: ${(error as Error).message}`),
  });
  expect(asked).toEqual([`good ${digestOf("b")}`, `corrupt ${digestOf("b")}`]);
  expect(failed.sort()).toEqual(['absent: No model named "absent" is published here.', "corrupt: does not load"]);
});
