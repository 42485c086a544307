/**
 * Where the peers live: one `uv` environment each, outside the repository, so that no peer chooses another's versions.
 * `FARTHING_PEERS_DIR` moves them (default ~/.cache/farthing/peers).
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const PEERS_DIRECTORY = process.env["FARTHING_PEERS_DIR"] ?? join(homedir(), ".cache", "farthing", "peers");

/** Folders of bench/peers that hold a requirements.txt. `prepare` makes the INT8 model and the truth, and serves nothing. */
export const ENVIRONMENTS = ["prepare", "litserve", "mlserver", "bentoml", "ray-serve"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** A file of the environment: `python`, or a command that a package brings. */
export const executable = (environment: EnvironmentName, command = "python"): string =>
  join(PEERS_DIRECTORY, environment, "bin", command);

/** The last file that install.ts writes. */
export const installedMark = (environment: EnvironmentName): string =>
  join(PEERS_DIRECTORY, environment, "installed-requirements.txt");

export const isInstalled = (environment: EnvironmentName): boolean => existsSync(installedMark(environment));
