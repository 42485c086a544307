/**
 * Makes the peers' environments: node bench/peers/install.ts [name …]
 * Needs `uv` (https://docs.astral.sh/uv/) and, once, the package index. An environment whose pins did not change is kept.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ENVIRONMENTS, executable, installedMark, isInstalled, PEERS_DIRECTORY } from "./environments.ts";

const PYTHON = "3.11"; // the newest that every peer of this list supports

function uv(...parameters: string[]): void {
  const { status, error } = spawnSync("uv", parameters, { stdio: "inherit" });
  if (error) throw new Error(`uv could not be started (${error.message}): see https://docs.astral.sh/uv/`);
  if (status !== 0) throw new Error(`uv ${parameters.join(" ")}: exit code ${status}`);
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(ENVIRONMENTS as readonly string[]).includes(name));
if (unknown.length > 0)
  throw new Error(`no such environment: ${unknown.join(", ")}; there are ${ENVIRONMENTS.join(", ")}`);

mkdirSync(PEERS_DIRECTORY, { recursive: true });
for (const name of ENVIRONMENTS.filter((name) => asked.length === 0 || asked.includes(name))) {
  const requirements = join(import.meta.dirname, name, "requirements.txt");
  if (isInstalled(name) && readFileSync(installedMark(name), "utf8") === readFileSync(requirements, "utf8")) {
    process.stdout.write(`${name}: as pinned already\n`);
    continue;
  }
  const directory = join(PEERS_DIRECTORY, name);
  rmSync(directory, { recursive: true, force: true });
  process.stdout.write(`${name}: installing into ${directory}\n`);
  uv("venv", "--quiet", "--python", PYTHON, directory);
  uv("pip", "install", "--quiet", "--compile-bytecode", "--python", executable(name), "--requirement", requirements);
  copyFileSync(requirements, installedMark(name));
}
