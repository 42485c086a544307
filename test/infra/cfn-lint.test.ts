/**
 * cfn-lint knows CloudFormation's own schemas and many rules about them. Taken from the PATH if it is new enough to know what
 * SageMaker learnt in 2026, else through uv (`uv tool install cfn-lint==1.58.0`); without either, or without a network to fetch
 * it, the test is skipped and says so.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { assembly } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

const MINOR = 58;
const PINNED = `cfn-lint==1.${MINOR}.0`;
const CANDIDATES = [["cfn-lint"], ["uvx", PINNED], ["uv", "tool", "run", PINNED]] as const;

/** Rule → why our templates break it. */
const ACCEPTED: Readonly<Record<string, string>> = {
  W3005: "the CDK makes every function depend on its role by name, though the reference to it would do",
};

const command = CANDIDATES.find(([program, ...args]) => {
  const { status, stdout } = spawnSync(program, [...args, "--version"], { encoding: "utf8" });
  const [, minor] = /^cfn-lint 1\.(\d+)\./.exec(stdout ?? "") ?? [];
  return status === 0 && Number(minor) >= MINOR;
});
if (command === undefined)
  process.stderr.write(`cfn-lint is skipped: neither on the PATH nor to be had with uvx ${PINNED}\n`);
const testWithLinter = command === undefined ? test.skip : test;

interface LintMatch {
  readonly Filename: string;
  readonly Level: string;
  readonly Message: string;
  readonly Rule: { readonly Id: string };
}

function lint(files: readonly string[]): readonly LintMatch[] {
  const [program = "cfn-lint", ...args] = command ?? [];
  const { stdout, stderr, error } = spawnSync(program, [...args, "--format", "json", ...files], { encoding: "utf8" });
  if (error !== undefined || !stdout.trim().startsWith("[")) throw new Error(`cfn-lint did not answer: ${stderr}`);
  return JSON.parse(stdout) as LintMatch[];
}

testWithLinter(
  "cfn-lint finds nothing in any template but what is accepted here, and nothing is accepted in vain",
  () => {
    const files = VARIANTS.flatMap(({ name, environment }) =>
      Object.keys(assembly(name).templates).map((stack) =>
        join(assembly(name).directory, `farthing-${environment}-${stack}.template.json`),
      ),
    );
    const found = lint(files);
    const rules = new Set(found.map(({ Rule }) => Rule.Id));
    expect(Object.keys(ACCEPTED).filter((rule) => !rules.has(rule))).toEqual([]);
    const rest = found.filter(({ Rule }) => !(Rule.Id in ACCEPTED));
    expect(rest.map(({ Filename, Rule, Message }) => `${Filename}: ${Rule.Id} ${Message}`)).toEqual([]);
  },
  120_000,
);

testWithLinter("it runs: a template without resources is found", () => {
  const found = lint([join(assembly("prod").directory, "manifest.json")]);
  expect(found.some(({ Level }) => Level === "Error")).toBe(true);
});
