import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/farthing.ts";
import { recordingTerminal } from "./recording-terminal.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "farthing-cli-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(...args: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await main(args, terminal, root);
  return { code, out: terminal.results.join("\n"), notes: terminal.notes.join("\n") };
}

describe("help", () => {
  test("lists every command on standard output", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const command of ["up", "model", "tenant", "logs"]) expect(out).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test.each([
    ["up"],
    ["model", "add"],
    ["model", "publish"],
    ["model", "rollback"],
    ["tenant", "create"],
    ["tenant", "key"],
    ["tenant", "rotate"],
    ["tenant", "revoke"],
    ["tenant", "budget"],
    ["tenant", "limits"],
    ["tenant", "usage"],
    ["tenant", "reconcile"],
    ["tenant", "list"],
    ["tenant", "debug"],
    ["tenant", "delete"],
    ["logs"],
  ])("%s %s says what it does, with an example", async (...command) => {
    const { code, out } = await run(...command, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Usage: farthing ${command.join(" ")}`));
    expect(out).toMatch(/Examples?:\n {2}(KEY=\$\()?npx farthing /);
  });
});

describe("wrong usage ends with 2 and says what is allowed", () => {
  test.each<[readonly string[], RegExp]>([
    [[], /Usage: farthing/],
    [["upp"], /unknown command 'upp'.*Did you mean up/s],
    [["up", "--prot", "1"], /unknown option '--prot'.*--port/s],
    [["up", "--port", "70000"], /whole number from 0 to 65535; received "70000"/],
    [["up", "--port", "8080.5"], /received "8080.5"/],
    [["model", "publish"], /missing required argument 'name'/],
    [["model", "add", "x", "--task", "magic"], /Allowed choices are tensor, .*text-generation/],
    [["logs", "--since", "soon"], /such as 10m; received "soon"/],
    [["tenant", "key", "acme", "--models", "Digits"], /such as digits,sms-\*; received "Digits"/],
    [["tenant", "key", "acme", "--routes", "v1"], /such as \/v1\/embeddings,\/v2\/\*; received "v1"/],
    [
      ["tenant", "key", "acme", "--expires", "soon"],
      /a duration such as 90d, or a date such as 2027-03-31; received "soon"/,
    ],
    [["tenant", "key", "acme", "--data-class", "secret"], /Allowed choices are open, restricted/],
    [["tenant", "budget", "acme", "--daily", "1e3"], /an amount in USD such as 25 or 0.5, or none; received "1e3"/],
    [["tenant", "limits", "acme", "--concurrency", "1.5"], /a whole number from 1 on, or none; received "1.5"/],
    [["tenant", "debug", "acme", "--for", "long"], /such as 30m; received "long"/],
  ])("%j", async (args, message) => {
    const { code, out, notes } = await run(...args);
    expect(code).toBe(2);
    expect(notes).toMatch(message);
    expect(out).toBe("");
  });
});

describe("failures end with 1 and say what to do", () => {
  test.each([
    [["model", "list"], /no platform runs from .*\.farthing\/local\. Start it: npx farthing up$/],
    [["model", "list", "--env", "onprem"], /Start it: npx farthing up --env onprem$/],
    [
      ["model", "show", "x", "--state", "/nowhere"],
      /no platform runs from \/nowhere\. Start it: npx farthing up --state \/nowhere$/,
    ],
    [["tenant", "delete", "acme"], /removes acme and all of its data from local: say --yes/],
    [["tenant", "usage", "acme", "--from", "yesterday"], /from: "yesterday" is no day such as 2026-11-24/],
    [["tenant", "usage", "acme", "--by", "colour"], /"colour" is none of day, model, key/],
    [["tenant", "create", "Not A Name"], /"Not A Name" is no tenant name: lower-case letters/],
    [["model", "add", "/nowhere"], /\/nowhere is not there/],
    [["model", "publish", "x", "/nowhere"], /\/nowhere\/model\.json is not there/],
    [["model", "publish", "x", "models/digits"], /card of "digits": npx farthing model publish digits/],
  ])("%j", async (args, message) => {
    const { code, notes } = await run(...args);
    expect(notes).toMatch(message);
    expect(code).toBe(1);
  });

  test("a platform that is gone is no platform", async () => {
    const file = { environment: "local", pid: 2 ** 22 + 1, awsEndpointUrl: "http://127.0.0.1:1", region: "us-east-1" };
    writeFileSync(join(root, "platform.json"), JSON.stringify(file));
    expect(await run("model", "list", "--state", root)).toMatchObject({
      code: 1,
      notes: expect.stringMatching(/no platform runs/),
    });
  });

  test("a platform of another environment is not taken for the one that was asked for", async () => {
    const file = { environment: "onprem", pid: process.pid, awsEndpointUrl: "http://127.0.0.1:1", region: "us-east-1" };
    writeFileSync(join(root, "platform.json"), JSON.stringify(file));
    const { notes } = await run("model", "list", "--state", root);
    expect(notes).toMatch(/is of environment "onprem", not "local": say --env onprem/);
  });
});
