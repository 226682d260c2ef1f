import { isEnded, type Release } from "../../src/core/release/state.ts";
import { present } from "../../src/core/values/assert.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import type { CrashPoint } from "./sim-calls.ts";
import type { SimBuild, SimWorld } from "./sim-world.ts";

/** More engines than any schedule needs: one that needs more is stuck. */
const LIVES = 8;
/** Turns of the event loop after which a release that has not ended is called stuck. */
const PATIENCE = 40_000;

/** Asks an engine for a release; however often it is asked, it is the same one. */
export type Ask = (engine: ReleaseEngine) => ReturnType<ReleaseEngine["request"]>;

/**
 * Releases a manifest in the world, or what is asked for otherwise, with the crashes given, one per life of the engine, and gives the release as it
 * ended. The build's steps are run as the build engine runs them: one interrupted by a crash is run again.
 */
export async function releaseIn(
  world: SimWorld,
  wanted: string | Ask,
  crashes: readonly CrashPoint[],
): Promise<Release> {
  const ask = typeof wanted === "string" ? askFor(wanted) : wanted;
  const left = [...crashes];
  for (let life = 1; life <= LIVES; life += 1) {
    world.crashAt(left.shift());
    const failures: unknown[] = [];
    const engine = new ReleaseEngine(world.ports(), (_release, cause) => failures.push(cause));
    const life = new AbortController();
    const crashed = world.crashed.then(() => life.abort());
    const outcome = await Promise.race([live({ world, engine, signal: life.signal }, ask), crashed]);
    if (failures.length > 0) throw failures[0];
    if (outcome !== undefined && !life.signal.aborted) return outcome;
  }
  throw new Error(`not ended after ${LIVES} lives`);
}

/** Releases a manifest by an engine of its world that nothing kills. */
export async function releaseBy(world: SimWorld, engine: ReleaseEngine, manifest: string): Promise<Release> {
  return present(await live({ world, engine, signal: new AbortController().signal }, askFor(manifest)), manifest);
}

/** One engine until it is killed: nobody talks to a dead one. */
interface Life {
  readonly world: SimWorld;
  readonly engine: ReleaseEngine;
  readonly signal: AbortSignal;
}

async function live(life: Life, ask: Ask): Promise<Release | undefined> {
  const { world, engine, signal } = life;
  await engine.start();
  const find = world.triggered === undefined ? await request(engine, ask) : () => engine.list()[0];
  for (let turn = 0; turn < PATIENCE && !signal.aborted; turn += 1) {
    const release = find();
    if (release !== undefined && isEnded(release)) {
      await engine.stop();
      return release;
    }
    const build = [...world.builds.values()].find((candidate) => candidate.status === "WORKING");
    if (build !== undefined) await runBuild(life, build);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (signal.aborted) return undefined;
  throw new Error(`stuck: ${JSON.stringify(find()?.stage.name)}`);
}

function askFor(manifestPath: string): Ask {
  return (engine) =>
    engine.request({ manifestPath, requestId: manifestPath, trigger: "manual:ada", actor: actorId("person", "ada") });
}

/** Asks for the release as a person does; gives what shows where it is. */
async function request(engine: ReleaseEngine, ask: Ask): Promise<() => Release | undefined> {
  const requested = await ask(engine);
  if (!requested.ok)
    throw new Error(requested.error.map((problem) => `${problem.code}: ${problem.summary}`).join("\n"));
  if (requested.value.kind === "nothing-to-do") throw new Error("nothing to do");
  const { id } = requested.value.release;
  return () => engine.get(id);
}

/** Steps run one after another, as their order in the file allows; a failed one ends the build. */
async function runBuild({ world, engine, signal }: Life, build: SimBuild): Promise<void> {
  for (const step of build.config.steps) {
    const [, phase = "", subject] = step.args ?? [];
    const answer = await engine.phase(build.id, { phase, ...(subject === undefined ? {} : { subject }) });
    if (build.status !== "WORKING" || signal.aborted) return;
    if (!answer.ok) {
      build.status = "FAILURE";
      build.detail = answer.error.summary;
      return;
    }
    const { order } = answer.value;
    if (order.kind === "build-image") {
      const digest = digestOf(`image of ${order.labels["org.mobius.build-key"]}`);
      for (const tag of order.tags) world.images.set(`${order.repository}:${tag}`, digest);
      const reference = `${order.repository}@${digest}`;
      world.images.set(reference, digest);
      await engine.phase(build.id, {
        phase: "report",
        report: { kind: "image-built", image: order.image, digest, reference },
      });
    }
  }
  build.status = "SUCCESS";
}
