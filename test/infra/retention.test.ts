/** docs/security.md says what is kept and for how long; the synthesised templates must say the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { USAGE_KEPT_DAYS } from "../../core/metering/usage-store.ts";
import { MAX_HISTORY, MAX_VERSIONS } from "../../core/models/registry.ts";
import { DELETED_FOR_DAYS } from "../../core/tenants/tenant.ts";
import { assembly, resources, type SynthesisedResource } from "./assembly.ts";
import { ROOT } from "./repository.ts";
import { VARIANTS } from "./variants.ts";

interface Row {
  readonly what: string;
  readonly where: string;
  readonly kept: string;
  readonly endedBy: string;
}

const rows: readonly Row[] = readFileSync(join(ROOT, "docs/security.md"), "utf8")
  .split("| what | where | kept | ended by |\n")[1]
  ?.split("\n\n")[0]
  ?.split("\n")
  .slice(1)
  .map((line) => {
    const [what = "", where = "", kept = "", endedBy = ""] = line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    return { what, where, kept, endedBy };
  }) as Row[];

const rowsOf = (where: string) => rows.filter((row) => row.where.includes(where));
const row = (what: string): Row => {
  const found = rows.find((each) => each.what.startsWith(what));
  if (found === undefined) throw new Error(`docs/security.md has no row that begins with "${what}"`);
  return found;
};

/** `RegistryA1B2C3D4` → `Registry` */
const constructOf = ({ id }: { readonly id: string }): string => id.replace(/[0-9A-F]{8}$/, "");
const daysIn = (text: string): number[] =>
  [...text.matchAll(/\b(\d+)(?= days|,| local| onprem)/g)].map(([, n]) => Number(n));

test("every line of the table is whole", () => {
  expect(rows.length).toBeGreaterThanOrEqual(10);
  for (const each of rows) expect(Object.values(each).every((cell) => cell !== "")).toBe(true);
});

describe.each(VARIANTS)("$name", ({ name, environment, config }) => {
  test("every table and bucket is in it, and tables end what has an end", () => {
    for (const table of resources(assembly(name), "AWS::DynamoDB::Table")) {
      expect([constructOf(table), rowsOf(`table \`${constructOf(table)}\``).length > 0]).toEqual([
        constructOf(table),
        true,
      ]);
      expect(table.Properties?.TimeToLiveSpecification).toEqual({ AttributeName: "ttl", Enabled: true });
    }
    for (const bucket of resources(assembly(name), "AWS::S3::Bucket")) {
      expect([constructOf(bucket), rowsOf(`bucket \`${constructOf(bucket)}\``).length > 0]).toEqual([
        constructOf(bucket),
        true,
      ]);
    }
  });

  test("every log group is in it, and ends when it says", () => {
    const [, days] = new RegExp(`\\b${environment} (\\d+)`).exec(row("usage lines").kept) ?? [];
    const isOwnConfiguration = name === environment;
    for (const { Properties } of resources(assembly(name), "AWS::Logs::LogGroup")) {
      const group = String(Properties?.LogGroupName).replace(`/farthing/${environment}/`, "");
      const isDeployment = group === "router" || config.modelGroups.some((each) => each.name === group);
      const place = group.startsWith("/aws/sagemaker/") ? "/aws/sagemaker/…" : isDeployment ? "router" : group;
      expect([group, rowsOf(`\`${place}\``).length > 0]).toEqual([group, true]);
      expect(Properties?.RetentionInDays).toBe(config.logs.retentionDays);
      if (isOwnConfiguration) expect(Properties?.RetentionInDays).toBe(Number(days));
    }
  });

  test("the bucket's lifecycle is the one that it says", () => {
    const [bucket] = resources(assembly(name), "AWS::S3::Bucket").filter((each) => constructOf(each) === "Models");
    const [old, unfinished] = daysIn(row("model files").kept);
    const rules = (bucket as SynthesisedResource).Properties?.LifecycleConfiguration as {
      readonly Rules: readonly Readonly<Record<string, unknown>>[];
    };
    expect(rules.Rules[0]).toMatchObject({
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: unfinished },
      ...(config.versionedModels && { NoncurrentVersionExpiration: { NoncurrentDays: old } }),
    });
  });
});

test("what the code ends is ended when the table says", () => {
  expect(daysIn(row("usage records").kept)).toEqual([USAGE_KEPT_DAYS]);
  expect(daysIn(row("tenants").kept)).toEqual([DELETED_FOR_DAYS]);
  expect(row("registry").kept).toContain(`last ${MAX_VERSIONS} versions and ${MAX_HISTORY} changes`);
});
