import { afterAll, beforeAll, expect, it } from "vitest";
import { RealWorld } from "../faults/real/real-world.ts";
import { freePort } from "./installation.ts";

const LONG = 180_000;
let world: RealWorld;

beforeAll(async () => {
  world = await RealWorld.make();
}, LONG);
afterAll(() => world[Symbol.asyncDispose]());

it("is refused, and leaves the PostgreSQL of the first one alone", { timeout: LONG }, async () => {
  const postmaster = async () => {
    const [row] = await world.query<{ started: string }>(
      "server",
      "SELECT pg_postmaster_start_time()::text AS started",
    );
    return row?.started;
  };
  const before = await postmaster();
  const second = world.here.start(["serve", "--dir", world.here.umbrella, "--port", String(await freePort())]);
  const { code, err } = await second.ended;
  expect(err).toContain("error[installation-in-use]");
  expect(code).toBe(9);
  expect(await postmaster()).toBe(before);
  expect((await world.tryAsk("/api/v1/releases"))?.status).toBe(200);
});
