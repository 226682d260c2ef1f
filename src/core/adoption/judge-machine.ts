import { type DoctorCheck, isAtLeast, notPassed, passed, versionIn } from "./doctor-checks.ts";

/** The oldest git that has all that we ask of it: `--end-of-options` is of 2.24, partial clones' fixes are of 2.30. */
const LEAST_GIT = [2, 30];
/** Versions of Node that package.json takes. */
const NODES = [
  [22, 22, 2],
  [24, 15, 0],
  [26, 0, 0],
] as const;
const GIB = 1024 ** 3;
/** PostgreSQL, images and mirrors of the sample take about one; backups come on top. */
const LEAST_FREE_BYTES = 2 * GIB;
const PLENTY_BYTES = 10 * GIB;
const MAX_SKEW_MS = 30_000;

/** Git by its `--version`. */
export function judgeGit(version: string | undefined): DoctorCheck {
  if (version === undefined) {
    return notPassed("failed", "git", {
      text: "there is none on PATH",
      fix: `Install git ${LEAST_GIT.join(".")} or newer.`,
    });
  }
  if (isAtLeast(versionIn(version), LEAST_GIT)) return passed("git", version);
  const text = `${version} is too old`;
  return notPassed("failed", "git", { text, fix: `Install git ${LEAST_GIT.join(".")} or newer.` });
}

/** Node by its `--version`. The newest line that the version is of has its own least version. */
export function judgeNode(version: string | undefined): DoctorCheck {
  const numbers = versionIn(version ?? "");
  const line = NODES.find(([major]) => major === numbers[0]) ?? (isAtLeast(numbers, [26]) ? NODES[2] : undefined);
  if (version !== undefined && line !== undefined && isAtLeast(numbers, line)) return passed("node", version);
  const text = version === undefined ? "its version cannot be told" : `${version} is none that this version runs on`;
  return notPassed("failed", "node", {
    text,
    fix: "Start mobius as ./bin/mobius, which finds the pinned Node by itself.",
  });
}

/** A tool that only some of the product needs. */
export function judgeTool(tool: string, version: string | undefined, without: string): DoctorCheck {
  if (version !== undefined) return passed(tool, version);
  return notPassed("warning", tool, {
    text: `there is none on PATH: ${without}`,
    fix: `Install ${tool} if you need that.`,
  });
}

/** What keeps steps of builds apart. */
export function judgeIsolation(found: {
  readonly namespaces: "usable" | "not-usable";
  readonly docker: "answers" | "silent";
}): readonly DoctorCheck[] {
  const namespaces =
    found.namespaces === "usable"
      ? passed("sandbox", "steps on this machine run in namespaces of their own")
      : notPassed("warning", "sandbox", {
          text: "steps on this machine are not kept apart: unshare is missing, or the kernel allows no user namespaces",
          fix: "Install util-linux and allow user namespaces (docs/decisions/0006-sandbox-by-namespaces.md).",
        });
  const docker =
    found.docker === "answers"
      ? passed("docker", "a Docker Engine answers")
      : notPassed("warning", "docker", {
          text: "no Docker Engine answers: images from Dockerfiles cannot be built here",
          fix: "Start Docker, or name its socket with DOCKER_HOST=unix://…, if your builds need it.",
        });
  return [namespaces, docker];
}

/** Space for the state directory. */
export function judgeDisk(freeBytes: number): DoctorCheck {
  const text = `${(freeBytes / GIB).toFixed(1)} GiB are free for the state directory`;
  if (freeBytes >= PLENTY_BYTES) return passed("disk", text);
  const fix = "Make room, or name a folder on a larger disk with MOBIUS_STATE_DIR.";
  return notPassed(freeBytes < LEAST_FREE_BYTES ? "failed" : "warning", "disk", { text, fix });
}

/** Who can read the state directory: tokens, keys and databases are in it. */
export function judgeStateDirectory(
  found:
    | { readonly kind: "missing"; readonly path: string; readonly isCreatable: boolean }
    | { readonly kind: "there"; readonly path: string; readonly mode: number; readonly isWritable: boolean },
): DoctorCheck {
  const check = "state directory";
  const elsewhere = "Give yourself the right to write there, or name another folder with MOBIUS_STATE_DIR.";
  if (found.kind === "missing") {
    if (found.isCreatable) return passed(check, `${found.path} is made at the first start`);
    return notPassed("failed", check, { text: `${found.path} cannot be made`, fix: elsewhere });
  }
  if (!found.isWritable) return notPassed("failed", check, { text: `${found.path} cannot be written`, fix: elsewhere });
  if ((found.mode & 0o022) !== 0) {
    return notPassed("failed", check, {
      text: `others may write to ${found.path}`,
      fix: `Take that right away: chmod go-w ${found.path}`,
    });
  }
  return passed(check, `${found.path} is yours (${(found.mode & 0o777).toString(8)})`);
}

/** The server's clock against this one's; undefined where no server answered. */
export function judgeClock(skewMs: number | undefined): DoctorCheck {
  if (skewMs === undefined) {
    return notPassed("unknown", "clock", {
      text: "nothing answered to compare with",
      fix: "Start a server: mobius serve",
    });
  }
  const text = `it is ${(Math.abs(skewMs) / 1_000).toFixed(0)} s from the server's`;
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return passed("clock", text);
  return notPassed("failed", "clock", { text, fix: "Set this machine's clock by NTP: tokens and leases go by it." });
}
