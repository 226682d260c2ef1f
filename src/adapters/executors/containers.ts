/**
 * Containers without a daemon: an overlay over an image's unpacked files, put together and entered by bubblewrap. They
 * have their own files, processes and host name, and the network of their supervisor; nothing limits their memory or CPU. Begin
 * with `findContainers`.
 */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NonEmpty } from "../../core/values/problem.ts";
import { findProgram } from "./find-program.ts";
import type { Bind } from "./sandbox.ts";

/** One container to run. */
export interface ContainerSpec {
  /** The image's files; they stay as they are. */
  readonly rootfs: string;
  /** A folder of its own for what the container changes: `upper`, `work` and `merged` are made in it. */
  readonly layer: string;
  readonly binds: readonly Bind[];
  /** Where the command starts; made in the container where it is missing. */
  readonly directory: string;
  /** Numbers; 0 is root of the container. */
  readonly user: number;
  readonly group: number;
}

export interface Containers {
  /** What is put before the program and its arguments. Absolute: it needs no PATH. */
  readonly enter: (spec: ContainerSpec) => NonEmpty<string>;
}

const PROBE_MS = 10_000;

/** What Docker leaves to root in a container, but for devices and raw packets: here nothing else would keep those away. */
const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
].map((name) => `CAP_${name}`);

/**
 * Mounts the overlay in a mount namespace of its own, which ends with the container. The polite signal goes to this
 * process's group, in which bubblewrap must not be, as it would die at once and take the command with it: it is handed on
 * to the group of the command. The kernel's list of children has no line break, so that `read` fails though it has read,
 * and not every shell's `kill` knows `--`.
 */
const ENTER = `set -e
options=$1 merged=$2
shift 2
mount -t overlay -o "$options" overlay "$merged"
set +e
setsid "$@" &
container=$!
trap 'read -r first rest </proc/$container/task/$container/children; [ -z "$first" ] || kill -TERM "-$first"' TERM
while :; do
  wait "$container"
  code=$?
  kill -0 "$container" 2>/dev/null || break
done
exit "$code"`;

/** Undefined where a try shows that this machine cannot do it: no bubblewrap, no namespaces, no overlay. */
export async function findContainers(path: string): Promise<Containers | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "mobius-containers-"));
  try {
    const [bwrap, unshare, shell] = ["bwrap", "unshare", "sh"].map((name) => findProgram(name, path, "/"));
    if (bwrap === undefined || unshare === undefined || shell === undefined) return undefined;
    const containers: Containers = { enter: (spec) => enter({ bwrap, unshare, shell }, spec) };
    const spec = { rootfs: join(folder, "rootfs"), layer: join(folder, "layer"), directory: "/", user: 0, group: 0 };
    await mkdir(spec.rootfs);
    await makeLayer(spec.layer);
    const binds = ["/usr", "/bin", "/lib", "/lib64"].map((each) => ({ from: each, to: each }));
    const there = await Promise.all(binds.map(async (bind) => ((await isThere(bind.from)) ? [bind] : [])));
    const [program, ...args] = containers.enter({ ...spec, binds: there.flat() });
    await promisify(execFile)(program, [...args, "/bin/true"], { timeout: PROBE_MS, env: { PATH: path } });
    return containers;
  } catch {
    return undefined;
  } finally {
    await removeLayer(join(folder, "layer"));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes the folders of a container's own layer. */
export async function makeLayer(layer: string): Promise<void> {
  for (const name of ["upper", "work", "merged"]) await mkdir(join(layer, name), { recursive: true, mode: 0o755 });
}

/** The kernel leaves a folder without any permission in `work`. */
export async function removeLayer(layer: string): Promise<void> {
  const command = 'chmod -R u+rwx "$1" 2>/dev/null; rm -rf -- "$1"';
  await promisify(execFile)("/bin/sh", ["-c", command, "sh", layer]).catch(() => {}); // what is left goes with the build
}

interface Programs {
  readonly bwrap: string;
  readonly unshare: string;
  readonly shell: string;
}

function enter({ bwrap, unshare, shell }: Programs, spec: ContainerSpec): NonEmpty<string> {
  const isRoot = process.getuid?.() === 0;
  const [lower, upper, work] = [spec.rootfs, join(spec.layer, "upper"), join(spec.layer, "work")].map(escapeOption);
  const merged = join(spec.layer, "merged");
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}${isRoot ? "" : ",userxattr"}`;
  // Another user than root needs a user namespace, where it is only called so: its files are the caller's.
  const isOther = spec.user !== 0 || spec.group !== 0;
  const ids = isOther ? ["--unshare-user", "--uid", String(spec.user), "--gid", String(spec.group)] : [];
  const capabilities = isOther ? [] : CAPABILITIES.flatMap((name) => ["--cap-add", name]);
  const own = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"];
  const root = ["--bind", merged, "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/sys", "/sys"];
  const host = ["/etc/resolv.conf", "/etc/hosts"].flatMap((path) => ["--ro-bind-try", path, path]);
  const binds = spec.binds.flatMap(({ from, to }) => ["--bind", from, to]);
  return [
    unshare,
    ...[...(isRoot ? [] : ["--user", "--map-root-user"]), "--mount", "--", shell, "-c", ENTER, "sh", options, merged],
    ...[bwrap, ...own, ...ids, "--cap-drop", "ALL", ...capabilities, ...root, ...host, ...binds],
    ...["--dir", spec.directory, "--chdir", spec.directory, "--"],
  ];
}

/** The options of an overlay are separated by commas, its lower folders by colons. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
