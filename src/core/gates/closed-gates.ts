/**
 * What keeps a release from beginning, as a pure function of what is known now. Each closed gate says why, since when, and
 * what opens it. Asked again until none is closed, right before the environment's lease is taken.
 */
import type { Policies } from "../platform/platform.ts";
import { isProtected } from "../platform/protection.ts";
import type { ClosedGate } from "../release/closed-gate.ts";
import { isEnded, type Release } from "../release/state.ts";
import { count } from "../values/count.ts";
import { type Instant, instant, toIso } from "../values/time.ts";
import { zonedInstant } from "../values/zoned-time.ts";
import type { Decisions, Freeze } from "./decisions.ts";
import { type HoldInForce, holdInForce } from "./hold-in-force.ts";
import { type ReleasedSet, releasedSet } from "./released-set.ts";

/** What gates look at in a release; one that nobody has asked for yet has it too. */
export type GateSubject = Pick<
  Release,
  "plan" | "umbrellaCommit" | "trigger" | "requestedBy" | "requestedAt" | "approvals" | "exceptions"
> & { readonly id: string };

export interface GateInput {
  readonly release: GateSubject;
  readonly policies: Policies;
  /** What people decided about the environment. */
  readonly decisions: Decisions;
  /** All releases of the installation. */
  readonly releases: readonly Release[];
  readonly now: Instant;
}

/** The closed gates, those that wait for a person last; none where the release may begin. */
export function closedGates(input: GateInput): readonly ClosedGate[] {
  // Giving traffic back to what was proven is agreed to beforehand: whoever waits for a signature meanwhile serves faults.
  if (input.release.plan.actions.rollback !== undefined) return [];
  return [...verifiedGate(input), ...freezeGates(input), ...holdGate(input), ...approvalsGate(input)];
}

/** `promoteFrom`: the environment before has these very commits and images now, and proved them. */
function verifiedGate({ policies, release, releases }: GateInput): readonly ClosedGate[] {
  const { promoteFrom } = policies;
  if (promoteFrom === undefined) return [];
  const set = releasedSet(releases, promoteFrom);
  const soaking = releases.find(
    (other) => other.plan.environment === promoteFrom && other.soakUntil !== undefined && !isEnded(other),
  );
  if (soaking?.soakUntil !== undefined && missing(release, set).length > 0 && proves(soaking, release)) {
    return [
      {
        gate: "soak",
        reason: `${soaking.id} has these commits and images in ${promoteFrom}, and its soak time is not over.`,
        since: soaking.requestedAt,
        opens: `It opens when ${soaking.id} has ended well; the soak ends at ${toIso(soaking.soakUntil)}.`,
        waitsFor: "time",
      },
    ];
  }
  const closed = { gate: "verified", since: release.requestedAt, waitsFor: "release" } as const;
  const opens = `Release these commits and images to ${promoteFrom} first; it opens when they are verified there.`;
  if (set === undefined) return [{ ...closed, reason: `Nothing has been released to ${promoteFrom} yet.`, opens }];
  const differing = missing(release, set);
  if (differing.length > 0) {
    return [
      {
        ...closed,
        since: set.at,
        reason: `${promoteFrom} (${set.release}) has other: ${differing.join("; ")}.`,
        opens,
      },
    ];
  }
  if (set.standing === "proven") return [];
  const reason = `${set.release} has them in ${promoteFrom}, and did not end well.`;
  return [{ ...closed, since: set.at, reason, opens: `Mend what failed, and release to ${promoteFrom} again.` }];
}

/**
 * How the commits and images of a plan differ from a set, a clause each. What lives in the umbrella itself has the commit
 * of the manifest, which is another with every manifest: its images tell whether it is the same.
 */
function missing({ plan, umbrellaCommit }: GateSubject, set: ReleasedSet | undefined): readonly string[] {
  const commits = plan.actions.commits
    .filter(({ module, commit }) => commit !== umbrellaCommit && set?.commits[module] !== commit)
    .map(({ module, commit }) => {
      const there = set?.commits[module]?.slice(0, 12) ?? "no commit";
      return `${module} at ${there}, not ${commit.slice(0, 12)}`;
    });
  const images = plan.actions.builds
    .filter(({ image, state }) => state.kind === "to-build" || set?.digests[image] !== state.digest)
    .map(({ image, state }) =>
      state.kind === "to-build" ? `image ${image} would be built anew` : `image ${image} is another`,
    );
  return [...commits, ...images];
}

/** Whether what another release is about to prove is what this one wants. */
function proves(other: Release, release: GateSubject): boolean {
  const commits = Object.fromEntries(other.plan.actions.commits.map(({ module, commit }) => [module, commit]));
  return release.plan.actions.commits.every(
    ({ module, commit }) => commit === release.umbrellaCommit || commits[module] === commit,
  );
}

function freezeGates({ policies, decisions, release, now }: GateInput): readonly ClosedGate[] {
  const declared = policies.freezes.map(
    ({ name, from, until, zone }): Freeze => ({
      name,
      reason: "declared in mobius.yaml",
      from: zonedInstant(from, zone),
      until: zonedInstant(until, zone),
    }),
  );
  const { environment } = release.plan;
  return [...declared, ...decisions.freezes]
    .filter(({ from, until }) => from <= now && now < until)
    .filter(({ name }) => !release.exceptions.some((exception) => exception.freeze === name))
    .map(({ name, reason, from, until }) => ({
      gate: "freeze",
      subject: name,
      reason: `${environment} is frozen by "${name}" (${reason}).`,
      since: from,
      opens: `It ends at ${toIso(until)}; or let this release through: mobius freeze ${environment} --except ${release.id} --reason "…"`,
      waitsFor: "time",
    }));
}

/**
 * A hold keeps back what nobody asked for by hand, and in an environment with gates everything: what was rolled back does
 * not come back by itself.
 */
function holdGate(input: GateInput): readonly ClosedGate[] {
  const { release } = input;
  const hold = holdInForce({ ...input, environment: release.plan.environment });
  if (hold === undefined || (!isProtected(input) && release.trigger.startsWith("manual:"))) return [];
  return [
    {
      gate: "hold",
      reason: sentence(hold, release.plan.environment),
      since: hold.since,
      opens: opensHold(hold, release),
      waitsFor: "person",
    },
  ];
}

function sentence(hold: HoldInForce, environment: string): string {
  return `${environment} is on hold by ${hold.by}: ${hold.reason}.`;
}

function opensHold(hold: HoldInForce, release: GateSubject): string {
  const command = `mobius resume ${release.plan.environment} --reason "…"`;
  return hold.until === undefined ? `Lift it: ${command}` : `It ends at ${toIso(hold.until)}; or lift it: ${command}`;
}

function approvalsGate({ policies, release, now }: GateInput): readonly ClosedGate[] {
  const { approvals } = policies;
  if (approvals === undefined) return [];
  const { count: needed, from, expiresMs } = approvals;
  const valid = release.approvals.filter(
    ({ by, at, plan, roles }) =>
      by !== release.requestedBy &&
      plan === release.plan.digest &&
      at <= now &&
      now < instant(at + expiresMs) &&
      roles.some((role) => from.includes(role)),
  );
  if (valid.length >= needed) return [];
  const expired = release.approvals.filter(({ at }) => now >= at + expiresMs).map(({ by }) => by);
  const had = `${valid.length} of ${count(needed, "approval")}`;
  return [
    {
      gate: "approvals",
      reason: `It has ${had} by ${from.join(" or ")}, not counting ${release.requestedBy}, who asked for it.${expired.length === 0 ? "" : ` Expired: ${expired.join(", ")}.`}`,
      since: release.approvals.at(-1)?.at ?? release.requestedAt,
      opens: `Approve it as another person: mobius approve ${release.id}`,
      waitsFor: "person",
    },
  ];
}
