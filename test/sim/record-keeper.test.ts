import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Release } from "../../src/core/release/state.ts";
import type { ReleaseId } from "../../src/core/values/ids.ts";
import { ok } from "../../src/core/values/result.ts";
import { type KeeperPorts, RecordKeeper } from "../../src/engine/records/record-keeper.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import { createMemoryWriteBack } from "../../src/ports/write-back.fake.ts";
import { commit, rolledBack, someRelease } from "../support/release-values.ts";

const PLATFORM = `
platform: sim
git: { writeBack: main }
modules: { app: { repository: ./app.git, path: app } }
images: { app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } } }
services: { api: { image: app } }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
  production:
    project: mobius-production
    region: us-central1
    registry: gcr.io/mobius-production
    identities: { build: pb, deploy: pd, migrate: pm, runtime: pr }
    policies: { promoteFrom: staging }
`;
const LOG = "docs/release_logs/2026-09-staging.md";
const CHECKLIST = "docs/production_build_checklist.md";

const withId = (id: number, release: Release) => ({ ...release, id: `REL-${id}` as ReleaseId });

function world(releases: readonly Release[]) {
  const writeBack = createMemoryWriteBack();
  const ports: KeeperPorts = {
    clock: systemClock,
    eventLog: createMemoryEventLog(),
    writeBack,
    umbrella: "umbrella",
    source: {
      refresh: async () => ok(undefined),
      resolve: async () => ok(commit("1")),
      readFile: async () => PLATFORM,
      list: async () => [],
      log: async () => [],
      checkout: async () => ok(undefined),
    },
  };
  const failures: unknown[] = [];
  const start = (over: Partial<KeeperPorts> = {}) => {
    const stop = new AbortController();
    const keeper = new RecordKeeper({
      ports: { ...ports, ...over },
      releases: () => releases,
      onFailure: (_release, cause) => failures.push(cause),
    });
    const ended = keeper.run(stop.signal);
    return async () => {
      stop.abort();
      await ended;
    };
  };
  const isWritten = async (id: string) =>
    (await ports.eventLog.read(`record/${id}`)).map(({ event }) => event.type).includes("record-written");
  return { ports, writeBack, start, failures, isWritten };
}

describe("RecordKeeper", () => {
  it("records what failed, and neither what succeeded nor what did nothing", async () => {
    const queued = someRelease({
      stage: {
        name: "ended",
        outcome: { kind: "cancelled", reason: "no" },
        at: rolledBack().requestedAt,
        build: { kind: "none" },
      },
      phases: [],
    });
    const here = world([withId(9, queued), withId(8, rolledBack()), someRelease()]);
    const stop = here.start();
    await expect.poll(() => here.isWritten("REL-8")).toBe(true);
    await stop();
    expect(here.writeBack.commits.map(({ subject }) => subject)).toEqual([
      "Start",
      "Record REL-8: 2026-09-21-staging to staging ended rolled-back",
    ]);
    expect(here.writeBack.files.get(LOG)).toContain("- Outcome: rolled-back: check-failed");
    expect(here.failures).toEqual([]);
  });

  it("writes once when it is cut off between the commit and its event", async () => {
    const here = world([withId(8, rolledBack())]);
    const { append } = here.ports.eventLog;
    let isCut = false;
    const eventLog = {
      ...here.ports.eventLog,
      append: (async (request) => {
        if (request.events.some(({ event }) => event.type === "record-written")) {
          isCut = true;
          throw new Error("cut off");
        }
        return append(request);
      }) as typeof append,
    };
    const stop = here.start({ eventLog });
    await expect.poll(() => isCut).toBe(true);
    await stop();
    expect(await here.isWritten("REL-8")).toBe(false);
    const stopAgain = here.start();
    await expect.poll(() => here.isWritten("REL-8")).toBe(true);
    await stopAgain();
    expect(here.writeBack.commits).toHaveLength(2);
  });

  it("takes back no tick of a newer release when it comes late", async () => {
    const late = world([withId(8, someRelease()), withId(6, rolledBack())]);
    const stop = late.start();
    await expect.poll(() => late.isWritten("REL-6")).toBe(true);
    await stop();
    expect([...late.writeBack.files.keys()]).toEqual([LOG]);
    const newest = world([withId(8, rolledBack()), withId(6, someRelease())]);
    const stopNewest = newest.start();
    await expect.poll(() => newest.isWritten("REL-8")).toBe(true);
    await stopNewest();
    expect([...newest.writeBack.files.keys()].sort()).toEqual([CHECKLIST, LOG]);
  });

  it("tries again when the remote does not answer, and says so", async () => {
    const here = world([withId(8, rolledBack())]);
    let calls = 0;
    const writeBack: KeeperPorts["writeBack"] = {
      commit: async (request) => {
        calls += 1;
        return calls === 1
          ? { ok: false, error: { kind: "unreachable", url: "u", reason: "gone" } }
          : here.writeBack.commit(request);
      },
    };
    const stop = here.start({ writeBack });
    await expect.poll(() => here.isWritten("REL-8"), { timeout: 15_000 }).toBe(true);
    await stop();
    expect(here.failures.map(String)).toEqual([expect.stringContaining("main cannot be written")]);
    expect(here.writeBack.commits).toHaveLength(2);
  });
});
