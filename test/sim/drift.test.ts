import { describe, expect, it } from "vitest";
import { present } from "../../src/core/values/assert.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { instant } from "../../src/core/values/time.ts";
import { driftWorld, engineOf, lines, look, PLATFORM } from "./drift-world.ts";
import { SimWorld } from "./sim-world.ts";

describe("drift", () => {
  it("is none after a release, and unknown of where nothing was released", async () => {
    const sim = await driftWorld();
    expect(await look(await engineOf(sim))).toMatchObject({ state: "in-sync", drifts: [] });
    const empty = new SimWorld({ umbrella: { "mobius.yaml": PLATFORM } });
    expect(await look(await engineOf(empty))).toMatchObject({ state: "unreleased" });
  });

  it("names every field of a service that somebody deployed, and holds no value", async () => {
    const sim = await driftWorld();
    const api = present(sim.services.get("api"), "api");
    const { template } = present([...api.revisions.values()][0], "its revision");
    const env = { MODE: { kind: "plain", value: "s3cret-mode" }, EXTRA: { kind: "plain", value: "1" } } as const;
    const memory = "4Gi";
    api.revisions.set("api-00002-abc", { template: { ...template, env, memory }, labels: {} });
    api.traffic = [{ revision: "api-00002-abc", percent: 100 }];
    const report = await look(await engineOf(sim));
    expect([report.state, lines(report)]).toEqual([
      "drifted",
      [
        "service api, traffic: 100 % api-rel1-1 → 100 % api-00002-abc",
        "service api, env EXTRA: absent → set",
        "service api, env KEY: declared → absent",
        "service api, env MODE: as declared → another value",
        'service api, memory: "512Mi" → "4Gi"',
      ],
    ]);
    expect(JSON.stringify(report)).not.toContain("s3cret-mode");
  });

  it("sees split traffic, removed and unreleased services, a changed job and a ledger that others wrote", async () => {
    const sim = await driftWorld();
    const api = present(sim.services.get("api"), "api");
    api.revisions.set("api-x", present([...api.revisions.values()][0], "its revision"));
    api.traffic = [
      { revision: "api-rel1-1", percent: 90 },
      { revision: "api-x", percent: 10 },
    ];
    sim.services.set("stray", { traffic: api.traffic, revisions: api.revisions });
    const job = present(sim.jobs.get("nightly"), "the job");
    sim.jobs.set("nightly", { ...job, memory: "8Gi" });
    const row = present(sim.ledger[0], "the ledger's row");
    sim.ledger.push({ ...row, identifier: "sql:002.sql", checksum: digestOf("2"), release: "psql" });
    sim.ledger.push({ ...row, identifier: "sql:000.sql", checksum: digestOf("0"), release: "baseline" });
    expect(lines(await look(await engineOf(sim)))).toEqual([
      "service api, traffic: 100 % api-rel1-1 → 90 % api-rel1-1, 10 % api-x",
      "service stray, service: not released → live",
      'job nightly, memory: "512Mi" → "8Gi"',
      "database app_db, migration sql:002.sql: by a release → by psql",
    ]);
    sim.services.delete("api");
    sim.ledger.length = 0;
    expect(lines(await look(await engineOf(sim)))).toEqual(
      expect.arrayContaining([
        "service api, service: there → removed",
        "database app_db, migration db/001.sql: applied → not in the ledger",
      ]),
    );
  });

  it("keeps its first moment over a look that could not see it", async () => {
    const sim = await driftWorld();
    sim.jobs.delete("nightly");
    const engine = await engineOf(sim);
    const first = await look(engine);
    sim.fate = ({ method }) =>
      method === "observedJob" ? { kind: "throw", isApplied: false, reason: "403" } : undefined;
    expect(await look(engine)).toMatchObject({ state: "unknown", drifts: [{ observed: "403" }] });
    sim.fate = () => undefined;
    expect((await look(engine)).drifts).toEqual(first.drifts);
  });

  it("keeps its first moment over restarts, and is new again after it was gone", async () => {
    const sim = await driftWorld();
    const job = present(sim.jobs.get("nightly"), "the job");
    sim.jobs.delete("nightly");
    const first = await look(await engineOf(sim));
    await sim.ports().clock.sleep(200); // time goes on in this world when somebody waits
    const again = await look(await engineOf(sim));
    expect([again.drifts, again.checkedAt > first.checkedAt]).toEqual([first.drifts, true]);
    sim.jobs.set("nightly", job);
    expect((await look(await engineOf(sim))).drifts).toEqual([]);
    sim.jobs.delete("nightly");
    const [later] = (await look(await engineOf(sim))).drifts;
    expect(later?.firstSeen).toBeGreaterThan(present(first.drifts[0], "the first look's").firstSeen);
  });

  it("is let be for as long as a person says", async () => {
    const sim = await driftWorld();
    sim.jobs.delete("nightly");
    const engine = await engineOf(sim);
    const { checkedAt } = await look(engine);
    const person = { name: "ada", actor: actorId("person", "ada") };
    const past = { drift: "job nightly: job", reason: "being moved", until: instant(1) };
    expect(await engine.desk.ignoreDrift("staging", person, past)).toMatchObject({ error: { code: "end-passed" } });
    const until = instant(checkedAt + 60_000);
    await engine.desk.ignoreDrift("staging", person, { ...past, until });
    expect(await look(engine)).toMatchObject({
      state: "in-sync",
      drifts: [{ subject: "job nightly", ignored: { reason: "being moved", until } }],
    });
  });
});
