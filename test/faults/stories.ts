/** What people ask of a platform while faults happen, each a world and its requests. */
import type { Outcome } from "../../src/core/release/events.ts";
import { actorId } from "../../src/core/values/ids.ts";
import type { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { canaryWorld } from "../sim/canary-set.ts";
import { flagWorld, NEW, OLD } from "../sim/flag-set.ts";
import { MANIFEST, sampleWorld, seedSet } from "../sim/sample-set.ts";
import type { SimWorld } from "../sim/sim-world.ts";

const ADA = actorId("person", "ada");

/** A request with its id: a client sends it again with the same one until it has an answer. */
export interface Request {
  readonly id: string;
  readonly send: (engine: ReleaseEngine) => ReturnType<ReleaseEngine["request"]>;
}

export interface Story {
  readonly name: string;
  readonly make: () => SimWorld;
  /** Sent in this order, each once the one before has ended; those of one list at once. */
  readonly requests: readonly (readonly Request[])[];
  /** Somebody cancels the release after so many turns, where given. */
  readonly isCancelled?: true;
  /** How the first release ends. */
  readonly ends?: Outcome["kind"];
}

function release(manifestPath: string): Request {
  return {
    id: manifestPath,
    send: (engine) => engine.request({ manifestPath, requestId: manifestPath, trigger: "manual:ada", actor: ADA }),
  };
}

function rollback(id: string): Request {
  return {
    id,
    send: (engine) => engine.rollback({ environment: "staging", requestId: id, trigger: "manual:ada", actor: ADA }),
  };
}

/** The set serves, and answers of the addresses that match are ill. */
function ill(pattern: RegExp, make: () => SimWorld): () => SimWorld {
  return () => {
    const sim = make();
    sim.answer = (url) => ({
      kind: "answered",
      status: pattern.test(url) ? 503 : 200,
      headers: {},
      body: "{}",
      durationMs: 1,
    });
    return sim;
  };
}

function seeded(): SimWorld {
  const sim = sampleWorld();
  seedSet(sim);
  return sim;
}

const ONE = [[release(MANIFEST)]];

/** Every story. The first is the plain one. */
export const STORIES: readonly Story[] = [
  { name: "first release", make: sampleWorld, requests: ONE, ends: "succeeded" },
  { name: "release over a set", make: seeded, requests: ONE, ends: "succeeded" },
  { name: "ill candidate", make: ill(/^http:\/\/candidate\.hub/, seeded), requests: ONE, ends: "failed" },
  { name: "ill first candidate", make: ill(/^http:\/\/candidate\.hub/, sampleWorld), requests: ONE, ends: "failed" },
  { name: "ill live set", make: ill(/^http:\/\/hub\/api\/status/, seeded), requests: ONE, ends: "rolled-back" },
  { name: "cancelled release", make: seeded, requests: ONE, isCancelled: true },
  { name: "two at once", make: flagWorld, requests: [[release(OLD), release(NEW)]] },
  {
    name: "rollback",
    make: flagWorld,
    requests: [[release(OLD)], [release(NEW)], [rollback("back-1")]],
    ends: "succeeded",
  },
  // A clock that is set leaves the numbers of a step in doubt, and what is in doubt is taken back: its end may be another.
  { name: "canary", make: () => canaryWorld(), requests: ONE },
  { name: "ill canary", make: () => canaryWorld({ isIll: true }), requests: ONE, ends: "rolled-back" },
  { name: "cancelled canary", make: () => canaryWorld(), requests: ONE, isCancelled: true },
];
