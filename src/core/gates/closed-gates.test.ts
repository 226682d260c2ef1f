import { describe, expect, it } from "vitest";
import type { Plan, PlanActions } from "../plan/plan.ts";
import type { Policies } from "../platform/platform.ts";
import { foldRelease } from "../release/apply-event.ts";
import type { Outcome, ReleaseEvent } from "../release/events.ts";
import type { Release } from "../release/state.ts";
import { digestOf } from "../values/digest.ts";
import { actorId, type CommitId, type ReleaseId } from "../values/ids.ts";
import { type Instant, instant } from "../values/time.ts";
import { closedGates } from "./closed-gates.ts";
import { applyDecision, type DecisionEvent, type Decisions, UNDECIDED } from "./decisions.ts";
import { releasedSet } from "./released-set.ts";

const HOUR_MS = 60 * 60 * 1_000;
const START = instant(Date.parse("2026-11-27T10:00:00Z"));
const NEW = "b".repeat(40) as CommitId;
const OLD = "a".repeat(40) as CommitId;
const UMBRELLA = "c".repeat(40) as CommitId;
const ada = actorId("person", "ada");
const grace = actorId("person", "grace");

const OPEN: Policies = { freezes: [], soakMs: 0, queue: "all", rehearsal: true };
const PROTECTED: Policies = {
  ...OPEN,
  promoteFrom: "staging",
  approvals: { count: 1, from: ["approver"], expiresMs: 24 * HOUR_MS },
};

function planOf(environment: string, commit: CommitId, actions: Partial<PlanActions> = {}): Plan {
  const key = digestOf(`key of ${commit}`);
  const digest = digestOf(`image of ${commit}`);
  return {
    digest: digestOf(`plan ${environment} ${commit}`),
    environment,
    project: `mobius-${environment}`,
    region: "us-central1",
    manifest: { file: `release-manifests/x-${environment}.yaml`, releaseId: `x-${environment}`, digest },
    actions: {
      commits: [{ module: "chat", repository: "r", path: "chat", ref: "main", commit }],
      builds: [
        {
          key,
          image: "chat-api",
          imageKeys: ["chat-api"],
          module: "chat",
          repository: `gcr.io/mobius-${environment}/chat-api`,
          tags: [],
          state: { kind: "present", digest },
        },
      ],
      migrations: [],
      services: [],
      flags: [],
      overrides: [],
      ...actions,
    },
    preconditions: [],
    informative: { rewrites: [], notes: [], unnamedMigrations: [] },
  };
}

interface Step {
  readonly event: ReleaseEvent;
  readonly actor?: typeof ada;
  readonly at?: Instant;
}

function release(id: ReleaseId, plan: Plan, steps: readonly Step[] = [], trigger = "manual:ada"): Release {
  const requested: ReleaseEvent = {
    type: "release-requested",
    release: id,
    plan,
    umbrellaCommit: UMBRELLA,
    trigger,
    requestId: id,
  };
  const folded = foldRelease(
    [{ event: requested, actor: ada, at: START }, ...steps].map(({ event, actor = ada, at = START }, index) => {
      return { event, actor, at, sequence: index + 1 };
    }),
  );
  if (!folded.ok) throw new Error(`${folded.error.event} in ${folded.error.stage}`);
  return folded.value;
}

function ended(id: ReleaseId, plan: Plan, outcome: Outcome = { kind: "succeeded" }, hours = 0): Release {
  return release(id, plan, [{ event: { type: "release-ended", outcome }, at: inHours(hours) }]);
}

const inHours = (hours: number) => instant(START + hours * HOUR_MS);

function decided(...events: readonly DecisionEvent[]): Decisions {
  return events.reduce<Decisions>(
    (before, event, index) =>
      applyDecision(before, { event, actor: grace, at: inHours(index + 1), sequence: index + 1 }),
    UNDECIDED,
  );
}

function gates(
  wanted: Release,
  parts: { policies?: Policies; releases?: readonly Release[]; decisions?: Decisions; now?: Instant } = {},
) {
  const { policies = PROTECTED, releases = [], decisions = UNDECIDED, now = inHours(3) } = parts;
  return closedGates({ release: wanted, policies, releases: [wanted, ...releases], decisions, now });
}

const names = (...closed: Parameters<typeof gates>) => gates(...closed).map(({ gate }) => gate);

const approval = (actor = grace, changes: Partial<Extract<ReleaseEvent, { type: "approved" }>> = {}): Step => ({
  actor,
  at: inHours(1),
  event: { type: "approved", plan: planOf("production", NEW).digest, roles: ["approver"], comment: "", ...changes },
});
const wanted = (...steps: readonly Step[]) => release("REL-9", planOf("production", NEW), steps);
const proven = ended("REL-1", planOf("staging", NEW));

describe("the gate verified", () => {
  it("is open for commits and images that the environment before has and proved", () => {
    expect(names(wanted(approval()), { releases: [proven] })).toEqual([]);
  });

  it("names what the environment before has otherwise", () => {
    const [gate] = gates(wanted(approval()), { releases: [ended("REL-1", planOf("staging", OLD))] });
    expect(gate).toMatchObject({
      gate: "verified",
      reason: "staging (REL-1) has other: chat at aaaaaaaaaaaa, not bbbbbbbbbbbb; image chat-api is another.",
      waitsFor: "release",
    });
  });

  it("asks what lives in the umbrella for its images only: its commit is the manifest's", () => {
    const own = { module: "hub", repository: "u", path: ".", ref: UMBRELLA, commit: UMBRELLA };
    const plan = planOf("production", NEW, { commits: [own] });
    const steps = [approval(grace, { plan: plan.digest })];
    expect(names(release("REL-9", plan, steps), { releases: [proven] })).toEqual([]);
  });

  it("is closed before the first release there, and for an image that would be built anew", () => {
    expect(gates(wanted(approval()))[0]?.reason).toBe("Nothing has been released to staging yet.");
    const [build] = planOf("production", NEW).actions.builds;
    if (build === undefined) throw new Error("a plan with a build");
    const anew = planOf("production", NEW, { builds: [{ ...build, state: { kind: "to-build" } }] });
    const steps = [approval(grace, { plan: anew.digest })];
    expect(gates(release("REL-9", anew, steps), { releases: [proven] })[0]?.reason).toContain(
      "image chat-api would be built anew",
    );
  });

  it("closes again when the environment before goes back, or on", () => {
    const older = ended("REL-1", planOf("staging", OLD));
    const newer = ended("REL-2", planOf("staging", NEW), { kind: "succeeded" }, 1);
    expect(names(wanted(approval()), { releases: [newer, older] })).toEqual([]);
    const back = planOf("staging", OLD, { commits: [], builds: [], rollback: { to: "REL-1", revisions: {} } });
    const rolledBack = ended("REL-3", back, { kind: "succeeded" }, 2);
    expect(names(wanted(approval()), { releases: [rolledBack, newer, older] })).toEqual(["verified"]);
  });

  it("proves nothing by a release that failed after it had served", () => {
    const problem = { code: "x", severity: "error", summary: "It broke.", why: [], fix: "Mend it." } as const;
    const failed = release("REL-1", planOf("staging", NEW), [
      { event: { type: "lease-acquired", token: 1 } },
      { event: { type: "build-intended", tag: "rel-1" } },
      { event: { type: "build-submitted", build: "b", logUrl: "" } },
      { event: { type: "build-ended", build: "b", status: "SUCCESS", detail: "" } },
      { event: { type: "phase-started", phase: "shift" } },
      { event: { type: "phase-succeeded", phase: "shift", summary: "" } },
      { event: { type: "phase-started", phase: "verify" } },
      { event: { type: "phase-succeeded", phase: "verify", summary: "" } },
      { event: { type: "release-ended", outcome: { kind: "failed", problem } } },
    ]);
    expect(releasedSet([failed], "staging")).toMatchObject({ release: "REL-1", standing: "unproven" });
    expect(names(wanted(approval()), { releases: [failed] })).toEqual(["verified"]);
  });

  it("says that the soak time is what is missing while it runs", () => {
    const soaking = release("REL-1", planOf("staging", NEW), [
      { event: { type: "lease-acquired", token: 1 } },
      { event: { type: "build-intended", tag: "rel-1" } },
      { event: { type: "build-submitted", build: "b", logUrl: "" } },
      { event: { type: "build-ended", build: "b", status: "SUCCESS", detail: "" } },
      { event: { type: "phase-started", phase: "shift" } },
      { event: { type: "phase-succeeded", phase: "shift", summary: "" } },
      { event: { type: "phase-started", phase: "verify" } },
      { event: { type: "soak-started", until: inHours(5) } },
    ]);
    expect(gates(wanted(approval()), { releases: [soaking] })).toMatchObject([
      { gate: "soak", waitsFor: "time", opens: expect.stringContaining("2026-11-27T15:00:00.000Z") },
    ]);
  });
});

describe("the gate approvals", () => {
  const parts = { releases: [proven] };

  it("waits for a person, and says how many have agreed", () => {
    expect(gates(wanted(), parts)).toMatchObject([
      {
        gate: "approvals",
        reason: "It has 0 of 1 approval by approver, not counting person:ada, who asked for it.",
        opens: "Approve it as another person: mobius approve REL-9",
        waitsFor: "person",
      },
    ]);
  });

  it.each([
    ["of whoever asked for it", approval(ada)],
    ["of somebody without the role", approval(grace, { roles: ["developer"] })],
    ["of another plan", approval(grace, { plan: digestOf("another") })],
    ["that a clock set back puts into the future", { ...approval(), at: inHours(4) }],
  ])("does not count an approval %s", (_, given) => {
    expect(names(wanted(given), parts)).toEqual(["approvals"]);
  });

  it("lets an approval expire", () => {
    const agreed = wanted(approval());
    expect(names(agreed, { ...parts, now: inHours(24.9) })).toEqual([]);
    expect(gates(agreed, { ...parts, now: inHours(25) })[0]?.reason).toContain("Expired: person:grace.");
  });

  it("counts each person once", () => {
    const policies: Policies = { ...PROTECTED, approvals: { count: 2, from: ["approver"], expiresMs: HOUR_MS * 9 } };
    const twice = wanted(approval(), { ...approval(), at: inHours(2) });
    expect(names(twice, { ...parts, policies })).toEqual(["approvals"]);
    const both = wanted(approval(), approval(actorId("person", "alan")));
    expect(names(both, { ...parts, policies })).toEqual([]);
  });
});

describe("the gate freeze", () => {
  const freeze = { name: "winter", from: "2026-11-27T05:00", until: "2026-11-27T09:00", zone: "America/New_York" };
  const policies: Policies = { ...OPEN, freezes: [freeze] };
  const plain = () => release("REL-9", planOf("staging", NEW));

  it("is closed from its first moment to its last, in its own zone", () => {
    const at = (time: string) => names(plain(), { policies, now: instant(Date.parse(`2026-11-27T${time}Z`)) });
    expect([at("09:59:59.999"), at("10:00:00"), at("13:59:59.999"), at("14:00:00")]).toEqual([
      [],
      ["freeze"],
      ["freeze"],
      [],
    ]);
  });

  it("lets one release through that a person excepted, and no other", () => {
    const excepted = release("REL-9", planOf("staging", NEW), [
      { event: { type: "freeze-excepted", freeze: "winter", reason: "it burns" }, actor: grace },
    ]);
    expect(excepted.exceptions).toMatchObject([{ freeze: "winter", by: grace, reason: "it burns" }]);
    expect(names(excepted, { policies })).toEqual([]);
    expect(names(plain(), { policies })).toEqual(["freeze"]);
  });

  it("is also what a person sets, until it is lifted or over", () => {
    const frozen = { type: "frozen", freeze: "launch", reason: "the talk", until: inHours(9) } as const;
    expect(names(plain(), { policies: OPEN, decisions: decided(frozen) })).toEqual(["freeze"]);
    expect(names(plain(), { policies: OPEN, decisions: decided(frozen), now: inHours(9) })).toEqual([]);
    const lifted = decided(frozen, { type: "freeze-lifted", freeze: "launch", reason: "over" });
    expect(names(plain(), { policies: OPEN, decisions: lifted })).toEqual([]);
  });
});

describe("the gate hold", () => {
  const held: DecisionEvent = { type: "held", reason: "looking into it" };
  const automatic = release("REL-9", planOf("staging", NEW), [], "trigger-7");
  const byHand = release("REL-9", planOf("staging", NEW));

  it("keeps back what nobody asked for by hand, until somebody resumes", () => {
    expect(names(automatic, { policies: OPEN, decisions: decided(held) })).toEqual(["hold"]);
    expect(names(byHand, { policies: OPEN, decisions: decided(held) })).toEqual([]);
    const resumed = decided(held, { type: "resumed", reason: "found" });
    expect(names(automatic, { policies: OPEN, decisions: resumed })).toEqual([]);
  });

  it("keeps everything back where there are gates, but not a rollback", () => {
    const parts = { releases: [proven], decisions: decided(held) };
    expect(names(wanted(approval()), parts)).toEqual(["hold"]);
    const back = planOf("production", OLD, { rollback: { to: "REL-2", revisions: {} } });
    expect(names(release("REL-9", back), parts)).toEqual([]);
  });

  it("ends at its own time", () => {
    const decisions = decided({ ...held, until: inHours(4) });
    expect(names(automatic, { policies: OPEN, decisions, now: inHours(3.9) })).toEqual(["hold"]);
    expect(names(automatic, { policies: OPEN, decisions, now: inHours(4) })).toEqual([]);
  });

  it("is what a rollback leaves, by a person or by itself, until somebody resumes after it", () => {
    const problem = { code: "x", severity: "error", summary: "It broke.", why: [], fix: "Mend it." } as const;
    const rolledBack = ended("REL-2", planOf("staging", OLD), { kind: "rolled-back", problem }, 2);
    const parts = { policies: OPEN, releases: [rolledBack] };
    expect(gates(automatic, parts)).toMatchObject([{ gate: "hold", since: inHours(2), waitsFor: "person" }]);
    const early = decided({ type: "resumed", reason: "before it" });
    expect(names(automatic, { ...parts, decisions: early })).toEqual(["hold"]);
    const late = applyDecision(early, {
      event: { type: "resumed", reason: "mended" },
      actor: grace,
      at: inHours(2.5),
      sequence: 2,
    });
    expect(names(automatic, { ...parts, decisions: late })).toEqual([]);
  });
});
