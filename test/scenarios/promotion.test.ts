import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reader } from "../support/guide.ts";
import { Installation, type Running } from "./installation.ts";

interface Seen {
  readonly id: string;
  readonly state: string;
  readonly environment: string;
  readonly manifest: string;
  readonly gates: readonly { readonly gate: string }[];
  readonly services: readonly { readonly service: string; readonly url?: string; readonly revision?: string }[];
}

const LONG = 240_000;

/** docs/guides/promotion.md on the sample platform: its blocks of commands as they stand, and what surrounds them. */
describe("promotion, as two people do it", () => {
  let here: Installation;
  let demo: Running;
  let reader: Reader;
  let production = "";

  beforeAll(async () => {
    here = await Installation.make();
    demo = here.demo();
    await demo.waitFor(/Stop with Ctrl-C/);
    reader = await here.reader("promotion.md");
    await reader.run();
  }, LONG);
  afterAll(async () => {
    demo?.kill("SIGINT");
    await demo?.ended;
    await here[Symbol.asyncDispose]();
  });

  const pins = (text: string) => [...new Set(text.match(/sha256:[0-9a-f]{64}|\b[0-9a-f]{40}\b/g))].sort();
  const seen = (release: string) => here.json<Seen>(["status", release]);

  it("shows what it would do, and does nothing", { timeout: LONG }, async () => {
    const before = await here.git(".", "rev-parse", "origin/main");
    const shown = await here.run(["promote", "--latest", "--to", "production", "--dry-run", "--as", "ada"]);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining("Promotes REL-1 as release-manifests/")]);
    expect(shown.out).toContain("Plan for production (mobiusos-new, us-central1)");
    expect(shown.out).toContain("0 images to build");
    expect(shown.out).toContain("Gates that are closed now\n  approvals: It has 0 of 1 approval by approver");
    expect(await here.git(".", "ls-remote", "origin", "main")).toContain(before);
    expect(await here.json<readonly Seen[]>(["status"])).toHaveLength(1);
  });

  it("derives the manifest with the same commits and digests, and waits for a person", { timeout: LONG }, async () => {
    expect(await reader.run()).toMatch(/^Promotes REL-1 as [\s\S]*\nREL-2 waits\n {2}approvals: /);
    const { manifest, gates, environment } = await seen("REL-2");
    expect([environment, gates.map(({ gate }) => gate)]).toEqual(["production", ["approvals"]]);
    production = await readFile(join(here.umbrella, manifest), "utf8");
    const staging = await readFile(join(here.umbrella, await here.manifest()), "utf8");
    expect(pins(production)).toEqual(pins(staging));
    expect(production).not.toMatch(/mobius-staging(-mobius)?[/:]/);
    expect(production).toContain("# a tag: the release records the commit that it names");
    expect(await here.git(".", "log", "-1", "--format=%s", "origin/main")).toMatch(/^Promote REL-1 to production: /);
  });

  it("is the same promotion when it is asked for again", async () => {
    const again = await here.run(["promote", "REL-1", "--to", "production", "--as", "ada"]);
    expect([again.code, again.out]).toEqual([6, expect.stringContaining("REL-2 waits")]);
  });

  it("takes no approval of whoever asked for it, and releases with another person's", { timeout: LONG }, async () => {
    const own = await here.run(["approve", "REL-2", "--as", "ada"]);
    expect([own.code, own.err]).toEqual([4, expect.stringContaining("error[approval-by-proposer]")]);
    const nobody = await here.run(["approve", "REL-2", "--as", "mallory"]);
    expect([nobody.code, nobody.err]).toEqual([3, expect.stringContaining("error[person-unknown]")]);
    expect(await reader.run()).toMatch(/\nREL-2 is approved\. [\s\S]*\nREL-2 succeeded after /);
    const { services, state } = await seen("REL-2");
    expect(state).toBe("succeeded");
    const hub = services.find(({ service }) => service === "module-hub")?.url;
    expect((await fetch(`${hub}/api/status`)).status).toBe(200);
    const [log, checklistLog] = await Promise.all(["production", "staging"].map(logOf));
    expect(log).toContain("## REL-2 ");
    expect(checklistLog).toContain("## REL-1 ");
  });

  it("is frozen and held, and let go again", { timeout: LONG }, async () => {
    expect(await reader.run()).toMatch(/production is frozen until [\s\S]*production takes releases again\./);
  });

  it("shows its drift", { timeout: LONG }, async () => {
    expect(await reader.run()).toMatch(/^production is in sync, /);
  });

  it("says that there is nothing to do once production has it", { timeout: LONG }, async () => {
    const again = await here.run(["promote", "--latest", "--to", "production", "--as", "ada"]);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining("Nothing to do: production has what REL-1")]);
  });

  it("refuses what staging did not prove", { timeout: LONG }, async () => {
    const next = (await here.manifest()).replace("-staging", "-next-staging");
    const unknown = await here.run(["promote", next, "--to", "production", "--as", "ada"]);
    expect([unknown.code, unknown.err]).toEqual([3, expect.stringContaining("error[promotion-source-unknown]")]);
    const open = await here.run(["promote", "--latest", "--to", "staging", "--as", "ada"]);
    expect([open.code, open.err]).toEqual([3, expect.stringContaining("error[promotion-without-source]")]);
  });

  it("rolls production back to what it had, and holds it there", { timeout: LONG }, async () => {
    const next = (await here.manifest()).replace("-staging", "-next-staging");
    expect((await here.run(["release", next])).code).toBe(0);
    expect((await here.run(["promote", "--latest", "--to", "production", "--as", "ada"])).code).toBe(6);
    expect((await here.run(["approve", "REL-4", "--as", "grace"])).code).toBe(0);
    expect((await here.run(["watch", "REL-4"])).code).toBe(0);
    expect(await reader.run()).toContain("Rollback of production (mobiusos-new");
    const environment = (await (await here.ask("/api/v1/environments/production")).json()) as Pick<Seen, "services">;
    expect(environment.services.map(({ revision }) => revision?.replace(/.*-(rel\d+)-1$/, "$1"))).toEqual(
      environment.services.map(() => "rel2"),
    );
    const held = await here.run(["promote", "--latest", "--to", "production", "--as", "ada"]);
    expect([held.code, held.out]).toEqual([
      6,
      expect.stringMatching(/hold: production is on hold by person:\w+: REL-5 rolled it back/),
    ]);
    expect((await here.run(["resume", "production", "--reason", "mended", "--as", "ada"])).code).toBe(0);
    expect((await here.run(["reject", "REL-6", "--reason", "enough", "--as", "grace"])).code).toBe(0);
  });

  it("admits people and turns them away", async () => {
    expect(await reader.run()).toContain("grace");
    expect(reader.left).toEqual([]);
  });

  async function logOf(environment: string): Promise<string> {
    const month = new Date().toISOString().slice(0, 7);
    return here.git(".", "show", `origin/main:docs/release_logs/${month}-${environment}.md`);
  }
});
