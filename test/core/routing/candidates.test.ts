/** Who is asked: what stands in the building, then the rest, then the models that the card names. */
import { candidatesFrom } from "../../../core/routing/candidates.ts";
import type { Target } from "../../../core/serving/target.ts";
import type { Work } from "../../../core/serving/work.ts";
import { digestOf, modelOf, versionOf } from "../serving/world.ts";

const target = (name: string, onPremises = false): Target => ({
  kind: "http",
  name,
  onPremises,
  hasCopies: false,
  infer: async () => {
    throw new Error("not asked here");
  },
  ready: async () => {},
});
const upstream = (name: string, models: readonly string[], onPremises?: boolean) => ({
  models: new Set(models),
  target: target(name, onPremises),
});
const records = new Map(["far", "small"].map((name) => [name, modelOf({ name, group: "rack" })]));
const names = async (fallback: readonly string[] | undefined, targets: Parameters<typeof candidatesFrom>[0]) => {
  const version = { ...versionOf(digestOf("a")), ...(fallback && { fallback }) };
  const work = { model: records.get("far"), version, caller: { tenant: "t" } } as unknown as Work;
  const found = await candidatesFrom(targets, { get: async (name) => records.get(name) })(work);
  return found.map(({ target: { name }, model, standsIn }) => `${name}/${model.name}${standsIn ? " instead" : ""}`);
};

test("on premises first, elsewhere as overflow, then the stand-ins that the version names and that are there", async () => {
  const upstreams = [upstream("cloud", ["far"]), upstream("rack", ["far", "small"], true)];
  expect(await names(undefined, { upstreams })).toEqual(["rack/far", "cloud/far"]);
  expect(await names(["gone", "small"], { upstreams })).toEqual(["rack/far", "cloud/far", "rack/small instead"]);
});

test("without a server of its own a model is not ready, whatever could stand in", async () => {
  await expect(names(["small"], { upstreams: [upstream("rack", ["small"])] })).rejects.toMatchObject({
    code: "model_not_ready",
  });
});
