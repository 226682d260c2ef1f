/**
 * The network part of the environment boundary: a network namespace with nothing but a loopback device, in which nobody
 * listens but the build itself. What else it may reach comes in through `network-relay.ts`. Begin with
 * `findNetworkNamespace`.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { NonEmpty } from "../../core/values/problem.ts";

const PROBE_MS = 10_000;

/** Runs as root of the namespace. A loopback device is down in a new one, and there is no single tool that every system has. */
const LOOPBACK_UP = `PATH=$PATH:/usr/sbin:/sbin
ip link set lo up 2>/dev/null || perl -e '
  use Socket;
  socket(my $s, AF_INET, SOCK_DGRAM, 0) or exit 1;
  my $flags = pack("a16 s x22", "lo", 0x9);
  ioctl($s, 0x8914, $flags) or exit 1;
' || { echo 'the loopback device cannot be brought up: neither ip nor perl is here' >&2; exit 1; }`;

/** How a network namespace is entered, or what of it is missing here. */
export type NetworkNamespace =
  | { readonly kind: "own"; readonly around: NonEmpty<string> }
  | { readonly kind: "missing"; readonly what: string };

/** What tries on this machine show: root needs no user namespace, but where it may not make a network namespace alone. */
export async function findNetworkNamespace(path: string): Promise<NetworkNamespace> {
  const isRoot = process.getuid?.() === 0;
  const alone: NonEmpty<string> = ["unshare", "--net", "--", "sh", "-c", `${LOOPBACK_UP}\nexec "$@"`, "sh"];
  const tried = isRoot ? [alone, inUserNamespace()] : [inUserNamespace()];
  let what = "";
  for (const around of tried) {
    const missing = await missingFor(around, path);
    if (missing === undefined) return { kind: "own", around };
    what = missing;
  }
  return { kind: "missing", what };
}

async function missingFor(around: NonEmpty<string>, path: string): Promise<string | undefined> {
  const [program, ...args] = [...around, "true"] as const;
  try {
    await promisify(execFile)(program, args, { timeout: PROBE_MS, env: { PATH: path } });
    return undefined;
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    return said === "" ? "unshare, of util-linux, is not here" : (said.split("\n")[0] ?? said);
  }
}

/** Only the namespace's root may bring the device up; what runs in it is its own user again, with no right over it. */
function inUserNamespace(): NonEmpty<string> {
  const [user, group] = [String(process.getuid?.() ?? 0), String(process.getgid?.() ?? 0)];
  const again = `exec unshare --user --map-user=${user} --map-group=${group} -- "$@"`;
  return ["unshare", "--user", "--map-root-user", "--net", "--", "sh", "-c", `${LOOPBACK_UP}\n${again}`, "sh"];
}
