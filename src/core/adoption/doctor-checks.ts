/** One thing that `mobius doctor` looked at. No data is never "ok": what could not be looked at is unknown. */
export interface DoctorCheck {
  /** What it is about, such as `git` or `remote mobius-chat`. */
  readonly check: string;
  readonly verdict: "ok" | "warning" | "failed" | "unknown";
  readonly text: string;
  /** What to do; there is one unless all is well. */
  readonly fix?: string;
}

/** A passed check. */
export function passed(check: string, text: string): DoctorCheck {
  return { check, verdict: "ok", text };
}

/** A check that did not pass, with what to do about it. */
export function notPassed(
  verdict: Exclude<DoctorCheck["verdict"], "ok">,
  check: string,
  { text, fix }: { readonly text: string; readonly fix: string },
): DoctorCheck {
  return { check, verdict, text, fix };
}

/** A version as numbers: `git version 2.39.5` is 2, 39, 5. */
export function versionIn(text: string): readonly number[] {
  return (/(\d+(?:\.\d+)+|\d+)/.exec(text)?.[1] ?? "").split(".").flatMap((part) => (part === "" ? [] : Number(part)));
}

/** Whether a version is at least another. */
export function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  for (const [index, wanted] of least.entries()) {
    const given = version[index] ?? 0;
    if (given !== wanted) return given > wanted;
  }
  return true;
}

const MARKS: Readonly<Record<DoctorCheck["verdict"], string>> = {
  ok: "ok     ",
  warning: "warning",
  failed: "failed ",
  unknown: "unknown",
};

/** The checks for people, and how many of each verdict there are. */
export function renderDoctor(checks: readonly DoctorCheck[]): string {
  const counts = Object.keys(MARKS).flatMap((verdict) => {
    const count = checks.filter((each) => each.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  return [
    ...checks.flatMap(({ check, verdict, text, fix }) => [
      `${MARKS[verdict as DoctorCheck["verdict"]]}  ${check}: ${text}`,
      ...(fix === undefined ? [] : [`         fix: ${fix}`]),
    ]),
    "",
    `${counts.join(", ")}.`,
  ].join("\n");
}
