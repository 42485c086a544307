import { hostname, networkInterfaces } from "node:os";

/** Addresses that stand for all of a machine's own. */
const ALL = new Set(["0.0.0.0", "::"]);

/** By which names and addresses clients may reach a server that listens on `host`; without one, this machine only. */
export function machineNames(host: string | undefined): readonly string[] {
  const here = ["localhost", "127.0.0.1", "::1"];
  if (host === undefined) return here;
  if (!ALL.has(host)) return [...new Set([...here, host])];
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    // What a link hands out to itself changes with each network, and a scope is no part of a certificate.
    .filter(({ address }) => !address.startsWith("fe80:") && !address.startsWith("169.254."))
    .map(({ address }) => address);
  return [...new Set([...here, hostname(), ...addresses.sort()])];
}
