/** The small platform with a canary of its API and its hub, and users who ask them. */
import { sampleWorld, seedSet } from "./sample-set.ts";
import { SimWorld } from "./sim-world.ts";

/** How long each step bakes. */
export const BAKE_MS = 1_000;

const CANARY = `canary: { services: [api, hub], steps: [{ percent: 10, bake: ${BAKE_MS}ms }, { percent: 50, bake: ${BAKE_MS}ms }], gates: { errorRate: 5%, latencyP95: 1.5x, minRequests: 3 } }`;

/** A set that serves, and what users meet of the next one: by default a good answer. `change` is made to the platform file. */
export function canaryWorld({
  isIll = false,
  isSlow = false,
  areAway = false,
  change = (text: string) => text,
} = {}): SimWorld {
  const files = sampleWorld().files;
  const platform = change(files.umbrella?.["mobius.yaml"]?.replace("soak: 1s", `soak: 1s, ${CANARY}`) ?? "");
  const sim = new SimWorld({ ...files, umbrella: { ...files.umbrella, "mobius.yaml": platform } });
  seedSet(sim);
  const isNew = (revision: string) => !revision.includes("-rel0-");
  if (areAway) return sim;
  sim.users = (at) => {
    for (const each of served(sim)) {
      const status = isIll && isNew(each.revision) ? 503 : 200;
      const durationMs = isSlow && isNew(each.revision) ? 90 : 20;
      sim.requests.count({ ...each, status, durationMs, at });
    }
  };
  return sim;
}

/** Ten requests to each service, shared as its traffic is. */
function served(sim: SimWorld): readonly { readonly service: string; readonly revision: string }[] {
  return [...sim.services].flatMap(([service, { traffic }]) =>
    traffic.flatMap(({ revision, percent }) =>
      Array.from({ length: Math.round(percent / 10) }, () => ({ service, revision })),
    ),
  );
}
