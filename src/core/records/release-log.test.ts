import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commit, rolledBack, secondsIn, someRelease } from "../../../test/support/release-values.ts";
import type { Release } from "../release/state.ts";
import type { ReleaseId } from "../values/ids.ts";
import type { ModuleChanges } from "./changelog.ts";
import { logEntry } from "./log-entry.ts";
import { releaseLogPath, settledAt, withLogEntry } from "./release-log.ts";

const golden = (name: string) => join(import.meta.dirname, "../../../test/fixtures/records", name);

const CHANGES: readonly ModuleChanges[] = [
  {
    module: "app",
    from: commit("1"),
    to: commit("2"),
    commits: {
      kind: "read",
      added: { shown: [{ commit: commit("2"), author: "Ada", subject: "Answer faster" }], more: 3, isCounted: true },
      removed: { shown: [], more: 0, isCounted: true },
    },
  },
];

const placed = (release: Release, changes: readonly ModuleChanges[]) => ({
  release: release.id,
  environment: "staging",
  path: releaseLogPath("staging", secondsIn(0)),
  entry: logEntry(release, changes),
});
const withId = (id: number, release: Release = someRelease()) => ({ ...release, id: `REL-${id}` as ReleaseId });
const add = (text: string | undefined, release: Release) => withLogEntry(text, placed(release, []));

describe("logEntry", () => {
  it("has all that a reader of a release asks for, one that was rolled back too", async () => {
    const released = withLogEntry(undefined, placed(someRelease(), CHANGES));
    const back = withId(8, rolledBack());
    await expect(withLogEntry(released, placed(back, CHANGES))).toMatchFileSnapshot(golden("release-log.md"));
  });

  it("has the steps of a canary, the order in which traffic moved, and how long old and new served", () => {
    const services = [{ service: "api", serving: "api-rel6-1", candidate: "api-rel7-1" }] as const;
    const step = {
      ...{ step: 1, percent: 10, services },
      begun: { at: secondsIn(31), until: secondsIn(41), before: [] },
      judged: { at: secondsIn(41), verdict: "passed", evidence: "api: 52 requests, 0 % failed" },
    } as const;
    const moved = (service: string, at: number) => ({
      ...{ service, revision: `${service}-rel7-1` },
      done: { at: secondsIn(at), url: "" },
    });
    const entry = logEntry(someRelease({ canary: [step], shifts: [moved("api", 44), moved("worker", 42)] }), []);
    expect(entry).toContain("| 1, 10 % | `api` | 2026-09-21T14:13:51.000Z | passed | api: 52 requests, 0 % failed |\n");
    expect(entry).toMatch(/\| `worker` \| `worker-rel7-1` \| .*:02\.000Z \|\n\| `api` \| `api-rel7-1` \| .*:04\.000Z/);
    expect(entry).toContain("- Old and new served side by side: 13.0 s\n");
  });

  it("is the same while the release is being recorded and after its end", () => {
    const ended = someRelease();
    if (ended.stage.name !== "ended" || ended.stage.build.kind !== "ended") throw new Error("no ended build");
    const recording = someRelease({
      stage: { name: "recording", build: ended.stage.build },
      phases: ended.phases.slice(0, -1),
    });
    expect(logEntry(recording, CHANGES)).toBe(logEntry(ended, CHANGES));
    expect(settledAt(recording)).toBe(secondsIn(61));
    expect(releaseLogPath("staging", secondsIn(61))).toBe("docs/release_logs/2026-09-staging.md");
  });

  it.each([
    "a | b",
    "x\n\n# Heading\n",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![i](https://evil.example/x.png)",
    "`a` | `b`",
    "-->",
    "<!-- /mobius:release REL-7 -->",
    "https://evil.example/",
    "a\u202eb",
  ])("shows %j as text", (hostile) => {
    const plain = someRelease();
    const { plan } = plain;
    const release = someRelease({
      trigger: hostile,
      plan: { ...plan, manifest: { ...plan.manifest, file: hostile, releaseId: hostile } },
      checks: [{ check: hostile, on: hostile, verdict: "failed", tries: 1, evidence: hostile }],
      shifts: [{ service: "api", revision: "r", done: { at: secondsIn(41), url: `javascript:${hostile}` } }],
    });
    const entry = logEntry(release, []);
    const bars = (text: string) => text.split("\n").map((line) => line.match(/(?<!\\)\|/g)?.length ?? 0);
    expect(bars(entry)).toEqual(bars(logEntry(plain, [])));
    const shown = entry
      .replace(/\\./g, "")
      .replace(/`[^`]*`/g, "")
      .replace(/<a id="rel-7"><\/a>/, "");
    expect(shown).not.toMatch(/[<>]|\]\(javascript|!\[|\]\(https|https:\/\/evil|\u202e/);
    expect(shown.match(/^#/gm)).toHaveLength(1);
  });
});

describe("withLogEntry", () => {
  it("replaces its own entry and keeps what people wrote around it", () => {
    const text = `Hello.\n\n${add(undefined, someRelease())}\nA note.\n`;
    const changed = add(text, { ...someRelease(), trigger: "manual:grace" });
    expect(changed).toBe(text.replace("manual:ada", "manual:grace"));
    expect(add(changed, { ...someRelease(), trigger: "manual:grace" })).toBe(changed);
  });

  it("keeps an entry that lost its end, and adds a whole one", () => {
    const broken = add(undefined, someRelease()).replace("<!-- /mobius:release REL-7 -->\n", "");
    const mended = add(broken, someRelease());
    expect(mended.startsWith(broken)).toBe(true);
    expect(add(mended, someRelease())).toBe(mended);
  });

  it("makes the same file in whatever order releases end, and is idempotent", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(ids, (order) => {
        const write = (ids: readonly number[]) =>
          ids.reduce<string | undefined>((text, id) => add(text, withId(id)), undefined) ?? "";
        const written = write(order);
        expect(written).toBe(write([...order].sort((a, b) => a - b)));
        for (const id of order) expect(add(written, withId(id))).toBe(written);
      }),
    );
  });
});
