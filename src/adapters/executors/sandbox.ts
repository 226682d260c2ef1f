/**
 * The kernel's part of the environment boundary: a build runs in a mount namespace of its own, where the state directory
 * holds nothing but this build and the installation's programs, and where `/workspace` and `/builder/home` are the
 * build's; each of its steps sees no process but its own, and nothing that it starts outlives it. Where the kernel or its
 * settings do not allow that, the step's log says so. Begin with `findSandbox`.
 */
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NonEmpty } from "../../core/values/problem.ts";

/** What is not kept of a step's boundary where there is no sandbox. */
export const NO_SANDBOX = "this step can reach what the server's user can reach";

const PROBE_MS = 10_000;

/** A folder of the host, and where a build or a step sees it. */
export interface Bind {
  readonly from: string;
  readonly to: string;
}

/** Where a build is put. */
export interface Enclosure {
  /** The build's own folder: all that it sees of the state directory, beside the programs. */
  readonly own: string;
  readonly binds: readonly Bind[];
}

export interface Sandbox {
  /** What is put before the command that runs all steps of a build. */
  readonly around: (enclosure: Enclosure) => NonEmpty<string>;
  /** What is put before a step's command, inside `around`. */
  readonly wrap: (step: { readonly cwd: string; readonly binds: readonly Bind[] }) => NonEmpty<string>;
  /** PATH on which the commands of `around` are found. */
  readonly path: string;
}

/**
 * Runs as root of a user namespace. A root is made of what the host's root holds; in it, everything of the state directory
 * is covered, the programs and the build's own folder are put back, and then the rights to uncover anything are given up: in
 * the inner user namespace the build is its own user again.
 */
const AROUND = `set -e
PATH=$PATH:/usr/sbin:/sbin
state=$1 own=$2 user=$3 group=$4
shift 4
root=$own/root
mkdir -p "$root"
mount -t tmpfs -o size=1m,mode=755 none "$root"
for entry in /* /.[!.]*; do
  case $entry in /workspace | /builder) continue ;; esac
  if [ -L "$entry" ]; then ln -s "$(readlink "$entry")" "$root$entry"
  elif [ -d "$entry" ]; then mkdir "$root$entry"; mount --rbind "$entry" "$root$entry"
  elif [ -e "$entry" ]; then : >"$root$entry"; mount --bind "$entry" "$root$entry"
  fi
done
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  shift 2
done
shift
mount -t tmpfs -o size=64k,mode=755 none "$root$state"
mkdir -p "$root$own"
mount --bind "$own" "$root$own"
if [ -d "$state/programs" ]; then
  mkdir "$root$state/programs"
  mount --bind "$state/programs" "$root$state/programs"
fi
cd "$root"
pivot_root . .
umount -l .
cd /
exec unshare --user --map-user="$user" --map-group="$group" -- "$@"`;

/** Runs as root of a user namespace inside the build's: only that may mount the step's own folders. */
const STEP = `set -e
cwd=$1 user=$2 group=$3 init=$4
shift 4
while [ "$1" != -- ]; do
  [ -e "$2" ] || mkdir -p "$2"
  mount --bind "$1" "$2"
  shift 2
done
shift
cd "$cwd"
exec unshare --user --map-user="$user" --map-group="$group" -- sh -c "$init" sh "$@"`;

/**
 * The first process of a PID namespace. The polite signal goes to the whole group, the step's command included; this one
 * must only live on until the command has ended, and give its exit code, which a shell makes of a signal too.
 */
const INIT = `trap : TERM
"$@"
exit $?`;

/** A sandbox that hides the state directory; undefined where a try shows that this machine has none. */
export async function findSandbox(stateDirectory: string, path: string): Promise<Sandbox | undefined> {
  // Through a link of the root, such as /home, a cover would land beside what it is to cover.
  const sandbox = createSandbox(await realpath(stateDirectory), path);
  const state = await realpath(await mkdtemp(join(tmpdir(), "mobius-sandbox-")));
  try {
    const own = join(state, "builds", "probe");
    await mkdir(own, { recursive: true });
    const probed = createSandbox(state, path);
    const binds = [{ from: own, to: "/workspace" }];
    const [program, ...args] = [
      ...probed.around({ own, binds }),
      ...probed.wrap({ cwd: "/workspace", binds: [{ from: own, to: "/builder/outputs" }] }),
      "true",
    ];
    await promisify(execFile)(program ?? "", args, { timeout: PROBE_MS, env: { PATH: path } });
    return sandbox;
  } catch {
    return undefined;
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

function createSandbox(state: string, path: string): Sandbox {
  const user = String(process.getuid?.() ?? 0);
  const group = String(process.getgid?.() ?? 0);
  const asRoot = ["--user", "--map-root-user", "--mount"];
  const pairs = (binds: readonly Bind[]) => binds.flatMap(({ from, to }) => [from, to]);
  return {
    path,
    around: ({ own, binds }) => [
      "unshare",
      ...[...asRoot, "--", "sh", "-c", AROUND, "sh", state, realpathSync(own), user, group, ...pairs(binds), "--"],
    ],
    wrap: ({ cwd, binds }) => [
      "unshare",
      ...[...asRoot, "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...["--", "sh", "-c", STEP, "sh", cwd, user, group, INIT, ...pairs(binds), "--"],
    ],
  };
}
