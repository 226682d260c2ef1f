/**
 * The kernel's part of the environment boundary: a step runs in namespaces of its own, where the state directory holds
 * nothing but its own build and the installation's programs, and where it sees no process but its own. Nothing that it
 * starts outlives it. Where the kernel or its settings do not allow that, the step's log says so. Begin with `findSandbox`.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NonEmpty } from "../../core/values/problem.ts";

/** What a step's log says where there is no sandbox. */
export const NOT_ENFORCED =
  "boundary not enforced by the kernel: this step can reach what the server's user can reach\n";

const PROBE_MS = 10_000;

/**
 * Runs as root of a user namespace. Everything of the state directory is covered, the build's own folder is put back, and
 * then the rights to uncover anything are given up: in the inner user namespace the step is its own user again.
 */
const COVER = `set -e
state=$1 own=$2 cwd=$3 user=$4 group=$5 init=$6
shift 6
mount --bind "$own" /mnt
for entry in "$state"/*; do
  case $entry in
    "$state/programs" | "$state/builds") ;;
    *) if [ -d "$entry" ]; then mount -t tmpfs -o ro,size=4k none "$entry"; else mount --bind /dev/null "$entry"; fi ;;
  esac
done
if [ -d "$state/builds" ]; then mount -t tmpfs -o size=64k,mode=755 none "$state/builds"; fi
mkdir -p "$own"
mount --bind /mnt "$own"
umount /mnt
cd "$cwd"
exec unshare --user --map-user="$user" --map-group="$group" -- sh -c "$init" sh "$@"`;

/**
 * The first process of a PID namespace. The polite signal goes to the whole group, the step's command included; this one
 * must only live on until the command has ended, and give its exit code, which a shell makes of a signal too.
 */
const INIT = `trap : TERM
"$@"
exit $?`;

/** Where a step is put. */
export interface Enclosure {
  /** The build's own folder, with its workspace and home. */
  readonly own: string;
  readonly cwd: string;
}

export interface Sandbox {
  /** What is put before a step's command. */
  readonly wrap: (enclosure: Enclosure) => NonEmpty<string>;
}

/** A sandbox that hides the state directory; undefined where a try shows that this machine has none. */
export async function findSandbox(stateDirectory: string, path: string): Promise<Sandbox | undefined> {
  const sandbox: Sandbox = { wrap: (enclosure) => wrapped(stateDirectory, enclosure) };
  const folder = await mkdtemp(join(tmpdir(), "mobius-sandbox-"));
  try {
    const own = join(folder, "builds", "probe");
    await mkdir(own, { recursive: true });
    const [program, ...args] = wrapped(folder, { own, cwd: own });
    await promisify(execFile)(program, [...args, "true"], { timeout: PROBE_MS, env: { PATH: path } });
    return sandbox;
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wrapped(state: string, { own, cwd }: Enclosure): NonEmpty<string> {
  const user = String(process.getuid?.() ?? 0);
  const group = String(process.getgid?.() ?? 0);
  const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  return ["unshare", ...namespaces, "--", "sh", "-c", COVER, "sh", state, own, cwd, user, group, INIT];
}
