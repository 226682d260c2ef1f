import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Networks that no receiver outside is in (IANA's special-purpose registries); an answer from one leads inwards. */
const INSIDE_4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
];
/** All of IPv6 that is no global unicast, and within that what carries IPv4 addresses: NAT64, 6to4, Teredo. */
const OUTSIDE_6 = "2000::/3";
const INSIDE_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const inside4 = blockList(INSIDE_4, "ipv4");
const inside6 = blockList(INSIDE_6, "ipv6");
const outside6 = blockList([OUTSIDE_6], "ipv6");

/** Whether an address is one of the public internet. Not so: this machine, private networks, cloud metadata. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !inside4.check(address, "ipv4");
  return family === 6 && outside6.check(address, "ipv6") && !inside6.check(address, "ipv6");
}

/** The host and port to reach, what may be inside, and when to give up. */
export interface HostToReach {
  readonly host: string;
  readonly port: number;
  /** `host:port` that may be anywhere, as written. */
  readonly listed: readonly string[];
  readonly signal: AbortSignal;
}

/** Where a connection may go: its addresses, each checked. */
export type Reached =
  | { readonly kind: "reached"; readonly addresses: readonly [string, ...string[]]; readonly isListed: boolean }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * Looks a host up once, for a connection to the very addresses that were checked. One address inside is enough to refuse
 * the name: which one would be taken is chance.
 */
export async function reachHost({ host, port, listed, signal }: HostToReach): Promise<Reached> {
  const isListed = listed.includes(`${host}:${port}`);
  const found = await Promise.race([addressesOf(host.replace(/^\[|\]$/g, "")), noneWhenAborted(signal)]);
  const [first, ...rest] = found;
  if (first === undefined) return { kind: "unknown", reason: `the name service did not find ${host}` };
  if (isListed || found.every(isPublicAddress)) return { kind: "reached", addresses: [first, ...rest], isListed };
  const reason = `${host} leads into this machine or its networks, and ${host}:${port} is not in MOBIUS_RECEIVERS`;
  return { kind: "refused", reason };
}

async function addressesOf(name: string): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  return lookup(name, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  );
}

function noneWhenAborted(signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve([]);
    signal.addEventListener("abort", () => resolve([]), { once: true });
  });
}

function blockList(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
