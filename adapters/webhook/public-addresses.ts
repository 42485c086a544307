/**
 * Addresses of the public internet, by IANA's registries of special-purpose addresses; everything else is somebody's inside.
 * https://www.iana.org/assignments/iana-ipv4-special-registry/ https://www.iana.org/assignments/iana-ipv6-special-registry/
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const INSIDE_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Instance metadata among others.
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** Global unicast; mapped, translated, local and multicast addresses lie outside of it. */
const GLOBAL_V6 = ["2000::/3"];
/** Of it: protocol assignments with Teredo, documentation, 6to4 (an IPv4 address inside). */
const INSIDE_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const insideV4 = listOf(INSIDE_V4, "ipv4");
const globalV6 = listOf(GLOBAL_V6, "ipv6");
const insideV6 = listOf(INSIDE_V6, "ipv6");

export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !insideV4.check(address, "ipv4");
  return isIPv6(address) && globalV6.check(address, "ipv6") && !insideV6.check(address, "ipv6");
}

function listOf(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
