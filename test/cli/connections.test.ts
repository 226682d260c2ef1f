import { describe, expect, it } from "vitest";
import type { Source } from "../../src/ports/source.ts";
import { MANIFEST, PLATFORM_TEXT, startServerWorld, TOKEN } from "../server/server-world.ts";
import { runMobius } from "./run-mobius.ts";

/** An API that opens so many connections in each of its four instances, to a database that takes 25. */
function platformWith(pool: number): string {
  return PLATFORM_TEXT.replace(
    "api: { image: app }",
    `api: { image: app, run: { maxInstances: 4 }, pool: ${pool}, env: { DATABASE_URL: "\${databases.app_db.url}" } }`,
  ).replace(
    "runtime: r }",
    "runtime: r }\n    databases: { app_db: { user: app, password: app-password, maxConnections: 25 } }",
  );
}

async function planned(pool: number) {
  const platformText = platformWith(pool);
  await using server = await startServerWorld({ platformText });
  const setting = { url: server.base, token: TOKEN, source: server.world.ports().source as Source };
  const { code, out, err } = await runMobius(["plan", MANIFEST], {
    ...setting,
    files: { "mobius.yaml": platformText, [MANIFEST]: `release_id: x-staging\ncommits:\n  app: "${"1".repeat(40)}"\n` },
  });
  return { code, out, err };
}

describe("incident 10, connections that run out", () => {
  it("refuses a release that would need more than the database takes, with the sum", async () => {
    const { code, err } = await planned(6);
    expect(code).toBe(3);
    expect(err).toContain(
      "error[connections-exceeded]: A release to staging may need 27 connections at database app_db, which takes 25.",
    );
    expect(err).toContain("open at once: api 4 × 6, reserve 3.");
  });

  it("warns of one that leaves little, and shows the sum of one that fits", async () => {
    const near = await planned(5);
    expect([near.code, near.err]).toEqual([0, expect.stringContaining("warning[connections-near]")]);
    const { code, out, err } = await planned(4);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(
      "Connections to databases\n    app_db: at most 19 of 25 (api 4 × 4, reserve 3)\n    the server: ",
    );
  });
});
