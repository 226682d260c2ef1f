import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../../../test/support/plan-values.ts";
import type { Notifications } from "../platform/platform.ts";
import { applyEvent } from "../release/apply-event.ts";
import type { Outcome, ReleaseEvent } from "../release/events.ts";
import type { Release } from "../release/state.ts";
import { actorId, type CommitId } from "../values/ids.ts";
import type { Problem } from "../values/problem.ts";
import { instant } from "../values/time.ts";
import { buildNotice, isBuildStatus, statusRank } from "./build-notice.ts";
import { channelsFor } from "./channels.ts";
import type { Notice } from "./notice.ts";
import { releaseNotice } from "./release-notice.ts";
import { mailText, slackBody } from "./render-notice.ts";

const PROBLEM: Problem = {
  code: "check-failed",
  severity: "error",
  summary: "Check hub failed.",
  why: ["a line of its log"],
  fix: "Mend it.",
};
const REQUESTED: ReleaseEvent = {
  type: "release-requested",
  release: "REL-7",
  plan: EMPTY_PLAN,
  umbrellaCommit: "a".repeat(40) as CommitId,
  trigger: "manual:ada",
  requestId: "r-1",
};

/** The notices of a release's events, with their sequences. */
function noticesOf(
  events: readonly ReleaseEvent[],
  actor = actorId("person", "ada"),
): readonly (readonly [number, Notice])[] {
  let release: Release | undefined;
  return events.flatMap((event, index) => {
    const recorded = { event, at: instant(1_000), actor, sequence: index + 1 };
    const next = applyEvent(release, recorded);
    if (!next.ok) throw new Error(`${next.error.event} in ${next.error.stage}`);
    const notice = releaseNotice(release, event, next.value, "http://board");
    release = next.value;
    return notice === undefined ? [] : [[index + 1, notice] as const];
  });
}

const lease: ReleaseEvent = { type: "lease-acquired", token: 1 };
const ended = (outcome: Outcome): ReleaseEvent => ({ type: "release-ended", outcome });

describe("what is told of a release", () => {
  it("is that it waits for a person, with what the person has to do; time alone needs nobody", () => {
    const gate = {
      gate: "approvals",
      reason: "It has 0 of 1 approval.",
      since: instant(1),
      opens: "mobius approve REL-7",
    } as const;
    const frozen = { ...gate, gate: "freeze", waitsFor: "time" } as const;
    const closed = (gates: Extract<ReleaseEvent, { type: "gates-closed" }>["gates"]): ReleaseEvent => ({
      type: "gates-closed",
      gates,
    });
    expect(noticesOf([REQUESTED, closed([frozen])])).toEqual([]);
    expect(noticesOf([REQUESTED, closed([frozen, { ...gate, waitsFor: "person" }])])).toMatchObject([
      [2, { moments: ["waiting"], headline: "REL-7 waits for a person in staging.", needed: "mobius approve REL-7" }],
    ]);
  });

  it("is its start, once, however often its lease is taken again", () => {
    const told = noticesOf([REQUESTED, lease, lease, { type: "build-intended", tag: "rel-7" }]);
    expect(told.map(([sequence, { moments }]) => [sequence, moments])).toEqual([[2, ["started"]]]);
  });

  const ends: readonly (readonly [Outcome, readonly string[], string])[] = [
    [{ kind: "succeeded" }, ["succeeded"], "REL-7 succeeded in staging."],
    [{ kind: "failed", problem: PROBLEM }, ["failed"], "REL-7 failed in staging."],
    [{ kind: "cancelled", reason: "wrong one" }, ["failed"], "REL-7 was cancelled in staging."],
    [{ kind: "rolled-back", problem: PROBLEM }, ["rolledBack"], "REL-7 was rolled back in staging."],
    [
      { kind: "rollback-failed", problem: PROBLEM, cause: PROBLEM },
      ["rolledBack", "failed"],
      "REL-7 COULD NOT be rolled back in staging.",
    ],
  ];
  it.each(ends)("is how it ended: %o", (outcome, moments, headline) => {
    expect(noticesOf([REQUESTED, lease, ended(outcome)]).at(-1)?.[1]).toMatchObject({ moments, headline });
  });

  it("says where, what, who, what is needed and where the rest is, and quotes no log", () => {
    const notice = noticesOf([REQUESTED, lease, ended({ kind: "failed", problem: PROBLEM })]).at(-1)?.[1];
    if (notice === undefined) throw new Error("nothing is told");
    expect(mailText(notice)).toEqual({
      subject: "[mobius] REL-7 failed in staging.",
      text: [
        "REL-7 failed in staging.",
        "",
        "Environment:  staging",
        "Release:      REL-7 (x-staging)",
        "Manifest:     release-manifests/x-staging.yaml",
        "Requested by: ada",
        "Problem:      check-failed: Check hub failed.",
        "",
        "Needed: Mend it.",
        "",
        "http://board/releases/REL-7",
        "",
      ].join("\n"),
    });
    const triggered = { ...REQUESTED, trigger: "t-1" };
    const asked = noticesOf([triggered, lease], actorId("build", "b-1")).at(-1)?.[1];
    expect(asked?.facts).toContainEqual(["Requested by", "trigger t-1"]);
    expect(slackBody(notice).text.split("\n")).toEqual([
      "*REL-7 failed in staging.*",
      "Environment: staging",
      "Release: REL-7 (x-staging)",
      "Manifest: release-manifests/x-staging.yaml",
      "Requested by: ada",
      "Problem: check-failed: Check hub failed.",
      "Needed: Mend it.",
      "<http://board/releases/REL-7>",
    ]);
  });
});

describe("a notice with hostile words", () => {
  const notice: Notice = {
    moments: ["failed"],
    environment: "staging",
    headline: "REL-1\r\nBcc: all@example.com",
    facts: [["Reason", `<!channel> {{constructor}} \${process.env} & <http://evil|here>\nNeeded: nothing`]],
  };

  it("shows them as they are, and begins no header, line or mention", () => {
    expect(mailText(notice).subject).toBe("[mobius] REL-1 Bcc: all@example.com");
    const { text } = slackBody(notice);
    expect(text).toBe(
      `*REL-1 Bcc: all@example.com*\nReason: &lt;!channel&gt; {{constructor}} \${process.env} &amp; &lt;http://evil|here&gt; Needed: nothing`,
    );
  });

  it("is cut where a value has no end", () => {
    expect(slackBody({ ...notice, facts: [["Reason", "x".repeat(9_000)]] }).text.length).toBeLessThan(600);
  });
});

describe("who hears a notice", () => {
  const slack = { webhookSecret: "w", on: ["failed"], environments: ["production"] } as const;
  const email = { smtpSecret: "s", from: "a@x", to: ["b@x"], on: ["failed", "succeeded"] } as const;
  const notice = (environment: string, ...moments: Notice["moments"]): Notice => ({
    ...{ moments, environment, headline: "", facts: [] },
  });
  const rows: readonly (readonly [Notifications, Notice, readonly string[]])[] = [
    [{}, notice("staging", "failed"), []],
    [{ slack, email }, notice("production", "failed"), ["slack", "email"]],
    [{ slack, email }, notice("staging", "failed"), ["email"]],
    [{ slack, email }, notice("production", "succeeded"), ["email"]],
    [{ slack, email }, notice("production", "rolledBack", "failed"), ["slack", "email"]],
    [{ slack: { ...slack, environments: [] } }, notice("qa", "failed"), ["slack"]],
    [{ slack, email }, notice("production", "drift"), []],
  ];
  it.each(rows)("%o hears %o on %o", (notifications, given, channels) => {
    expect(channelsFor(notifications, given)).toEqual(channels);
  });
});

describe("what is told of a build", () => {
  it("follows Cloud Build's statuses, and nothing else is one", () => {
    const told = (["PENDING", "QUEUED", "WORKING", "SUCCESS", "FAILURE", "TIMEOUT", "CANCELLED"] as const).map(
      (status) => buildNotice({ id: "b-1", project: "p", status }, "staging")?.moments[0] ?? "nothing",
    );
    expect(told).toEqual(["waiting", "nothing", "started", "succeeded", "failed", "failed", "failed"]);
    expect(["SUCCESS", "STATUS_UNKNOWN", "toString", ""].filter(isBuildStatus)).toEqual(["SUCCESS"]);
    expect(statusRank("WORKING")).toBeLessThan(statusRank("FAILURE"));
  });
});
