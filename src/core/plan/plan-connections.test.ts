import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENVIRONMENT, service } from "../../../test/support/plan-values.ts";
import type { Environment, Platform, Service } from "../platform/platform.ts";
import { digestOf } from "../values/digest.ts";
import { instant } from "../values/time.ts";
import { intendedService } from "./intended-service.ts";
import type { ObservedService } from "./observed.ts";
import type { PlannedMigration, PlannedService } from "./plan.ts";
import { planConnections } from "./plan-connections.ts";

const URL = { DATABASE_URL: "${databases.app_db.url}" };

function environment(maxConnections?: number): Environment {
  const database = { name: "app_db", user: "app", passwordSecret: "pw" };
  return {
    ...ENVIRONMENT,
    databases: { app_db: maxConnections === undefined ? database : { ...database, maxConnections } },
  };
}

/** A service of so many instances, with what a plan says of it. */
function of(name: string, instances: number, pool: number | undefined, over: Partial<Service> = {}): Service {
  const base = service(name, { env: URL, ...(pool === undefined ? {} : { pool }), ...over });
  return { ...base, run: { ...base.run, maxInstances: instances } };
}

function planned(own: Service, change: PlannedService["change"]): PlannedService {
  const image = { buildKey: digestOf("key"), repository: "r" };
  const platform = { services: {} } as unknown as Platform;
  const intended = intendedService({ platform, environment: ENVIRONMENT, service: own, image, env: {} });
  return { service: own.name, role: own.role, module: "app", change, reasons: [], intended };
}

function live(own: Service, instances: number): ObservedService {
  const { image, ...settings } = planned(own, "update").intended;
  const template = { ...settings, image: image.repository, maxInstances: instances };
  const serving = { name: `${own.name}-1`, template, digest: undefined, labels: {}, createdAt: instant(0) };
  return { name: own.name, url: "", etag: "", labels: {}, traffic: [], serving };
}

function ask(
  services: readonly { readonly own: Service; readonly change?: PlannedService["change"]; readonly live?: number }[],
  limits: { readonly database?: number; readonly server?: number },
  migrations: readonly PlannedMigration[] = [],
) {
  const input = {
    platform: { services: Object.fromEntries(services.map(({ own }) => [own.name, own])) } as unknown as Platform,
    environment: environment(limits.database),
    services: Object.fromEntries(
      services.flatMap(({ own, live: count }) => (count === undefined ? [] : [[own.name, live(own, count)]])),
    ),
    connectionLimit: limits.server,
  };
  const plans = services.flatMap(({ own, change }) => (change === undefined ? [] : [planned(own, change)]));
  return planConnections(input, plans, migrations);
}

const MIGRATION: PlannedMigration = {
  ...{ database: "app_db", module: "app", kind: "sql", identifier: "1.sql", path: "1.sql", checksum: digestOf("") },
  ...{ when: "before", state: "to-apply" },
};

describe("connections of a plan", () => {
  it("counts a changed service twice, the migration and a reserve, and refuses what does not fit, with the numbers", () => {
    const { errors, warnings } = ask(
      [
        { own: of("api", 2, 5), change: "update", live: 3 },
        { own: of("worker", 1, undefined, { role: "worker" }), change: "create" },
      ],
      { database: 25, server: 100 },
      [MIGRATION],
    );
    expect(warnings).toEqual([]);
    expect(errors).toMatchObject([
      {
        code: "connections-exceeded",
        summary: "A release to staging may need 31 connections at database app_db, which takes 25.",
        why: [
          "At the worst moment these are open at once: api 2 × 5 + 3 × 5 of the revision before, worker 1 × 1, migrations 2, reserve 3.",
        ],
      },
    ]);
  });

  it("warns where little is left, and says nothing where much is", () => {
    const codes = (server: number) => {
      const { errors, warnings } = ask([{ own: of("api", 10, 8), change: "create" }], { server });
      return [...errors, ...warnings].map(({ code }) => code);
    };
    expect([82, 83, 103, 104].map(codes)).toEqual([
      ["connections-exceeded"],
      ["connections-near"],
      ["connections-near"],
      [],
    ]);
  });

  it("counts what it does not touch once, as it is live, and what is not there not at all", () => {
    const rows = ask(
      [
        { own: of("api", 1, 1), change: "update", live: 1 },
        { own: of("untouched", 2, 3), live: 4 },
        { own: of("same", 2, 3), change: "unchanged", live: 2 },
        { own: of("never-released", 50, 50) },
        { own: of("migrate", 9, 2, { role: "job" }), change: "update" },
        { own: { ...of("without", 50, 50), env: {} }, change: "update", live: 50 },
      ],
      { server: 100 },
    ).planned;
    expect(rows).toEqual([
      {
        needed: 2 + 12 + 6 + 2 + 3,
        limit: 100,
        parts: [
          "api 1 × 1 + 1 × 1 of the revision before",
          "untouched 4 × 3",
          "same 2 × 3",
          "migrate 1 × 2",
          "reserve 3",
        ],
      },
    ]);
  });

  it("asks nothing of a plan that changes no service, or where no limit is known", () => {
    expect(ask([{ own: of("api", 99, 99), change: "unchanged", live: 99 }], { server: 10 }).planned).toEqual([]);
    expect(ask([{ own: of("api", 99, 99), change: "create" }], {}).planned).toEqual([]);
  });

  it("never needs less for more instances or a larger pool", () => {
    const sizes = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(sizes, sizes, sizes, (instances, pool, more) => {
        const needed = (own: Service) => ask([{ own, change: "create" }], { server: 1 }).planned[0]?.needed ?? 0;
        const least = needed(of("api", instances, pool));
        expect(needed(of("api", instances + more, pool))).toBeGreaterThan(least);
        expect(needed(of("api", instances, pool + more))).toBeGreaterThan(least);
        expect(least).toBe(instances * pool + 3);
      }),
    );
  });
});
