import { describe, expect, it } from "vitest";
import type { RevisionTemplate, Services } from "./services.ts";

/** Services of an empty project, with programs that behave as a test needs them. */
export interface ServicesHarness extends AsyncDisposable {
  readonly services: Services;
  /** A program that answers every request with its revision's name, or one that ends at once with `FAULT` in its log. */
  readonly template: (program: "answers" | "ends") => RevisionTemplate;
  /** The name of the revision that answers; a status where none does. */
  readonly ask: (url: string) => Promise<string>;
  /** Names of the revisions of a service, failed ones included. */
  readonly revisionsOf: (service: string) => Promise<readonly string[]>;
  /** Lets somebody else change the service's labels between the next write's reading and its writing. */
  readonly meddleBeforeWrite: (service: string) => void;
  /** Ends the cloud and starts it again on what it kept; nothing where the harness cannot. */
  readonly restart: () => Promise<void>;
}

/** What the program that ends writes before. */
export const FAULT = 'FATAL: relation "users" does not exist';
const DEADLINE_MS = 20_000;
/** Requests during a shift, where it takes long more of them, and how many at once. */
const LOAD = { requests: 300, most: 3_000, parallel: 8 } as const;

/** What all services keep to. Runs on the fake, on the embedded cloud, and on a real project. */
export function describeServices(label: string, start: () => Promise<ServicesHarness>): void {
  const deploy = (
    { services, template }: ServicesHarness,
    revision: string,
    more: Partial<Parameters<Services["deploy"]>[0]> = {},
  ) =>
    services.deploy({
      service: "api",
      revision,
      template: template("answers"),
      labels: { release: revision },
      traffic: [{ revision, percent: 100 }],
      deadlineMs: DEADLINE_MS,
      ...more,
    });

  describe(`${label}: services`, () => {
    it("has nothing of what is not there, yet an address for it", async () => {
      await using h = await start();
      expect(await h.services.get("api")).toBeUndefined();
      expect(await h.services.list()).toEqual([]);
      expect(await h.services.observedJob("nightly")).toBeUndefined();
      expect(await h.services.address("api")).toBe(await h.services.address("api"));
      expect(await h.services.tagAddress("api", "rc")).not.toBe(await h.services.address("api"));
      await h.services.remove("api");
    });

    it("makes one revision per name, however often it is asked", async () => {
      await using h = await start();
      const first = await deploy(h, "api-one");
      const again = await deploy(h, "api-one");
      expect(again).toEqual(first);
      expect(await h.revisionsOf("api")).toEqual(["api-one"]);
      expect(await h.ask(await h.services.address("api"))).toBe("api-one");
    });

    it("keeps a candidate apart: it answers at its tag, and gets no other request", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      const traffic = [
        { revision: "api-one", percent: 100 },
        { revision: "api-two", percent: 0, tag: "rc" },
      ] as const;
      const deployed = await deploy(h, "api-two", { traffic: [...traffic] });
      expect(deployed).toMatchObject({ ok: true, value: { serving: { name: "api-one" } } });
      expect(await h.ask(await h.services.tagAddress("api", "rc"))).toBe("api-two");
      const address = await h.services.address("api");
      const answers = await Promise.all(Array.from({ length: 30 }, () => h.ask(address)));
      expect(new Set(answers)).toEqual(new Set(["api-one"]));
    });

    it("leaves pinned traffic where it is, whatever is deployed beside it", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      const pinned = [{ revision: "api-one", percent: 100 }] as const;
      expect((await h.services.setTraffic("api", [...pinned], DEADLINE_MS)).ok).toBe(true);
      for (const revision of ["api-two", "api-three"]) {
        expect((await deploy(h, revision, { traffic: [...pinned] })).ok).toBe(true);
      }
      const observed = await h.services.get("api");
      expect(observed).toMatchObject({ serving: { name: "api-one" }, latestCreatedRevision: "api-three" });
      expect(observed?.traffic).toEqual([{ ...pinned[0], latest: false }]);
      expect(await h.ask(await h.services.address("api"))).toBe("api-one");
      const known = ["api-one", "api-three", "api-four"].map((revision) => h.services.revision("api", revision));
      expect(await Promise.all([...known, h.services.revision("other", "api-one")])).toMatchObject([
        { name: "api-one" },
        { name: "api-three", template: observed?.serving?.template },
        undefined,
        undefined,
      ]);
    });

    it("refuses to write over what somebody else changed, and changes nothing", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      await deploy(h, "api-two", { traffic: [{ revision: "api-one", percent: 100 }] });
      const changed = { ok: false, error: { code: "target-changed" } };
      h.meddleBeforeWrite("api");
      expect(await h.services.setTraffic("api", [{ revision: "api-two", percent: 100 }], DEADLINE_MS)).toMatchObject(
        changed,
      );
      h.meddleBeforeWrite("api");
      expect(await deploy(h, "api-three")).toMatchObject(changed);
      expect(await h.ask(await h.services.address("api"))).toBe("api-one");
      expect(await h.revisionsOf("api")).not.toContain("api-three");
      expect((await deploy(h, "api-three")).ok).toBe(true);
    });

    it("serves the same at the same addresses after a restart", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      await deploy(h, "api-two", {
        traffic: [
          { revision: "api-one", percent: 100 },
          { revision: "api-two", percent: 0, tag: "rc" },
        ],
      });
      const before = await h.services.get("api");
      const [address, tagAddress] = [await h.services.address("api"), await h.services.tagAddress("api", "rc")];
      await h.restart();
      expect(await h.services.get("api")).toEqual(before);
      expect(await h.services.address("api")).toBe(address);
      expect(await h.services.tagAddress("api", "rc")).toBe(tagAddress);
      expect(await h.ask(address)).toBe("api-one");
      expect(await h.ask(tagAddress)).toBe("api-two");
    });

    it("leaves traffic as it is when a candidate fails, and says what its log said", async () => {
      await using h = await start();
      const before = await deploy(h, "api-one");
      const failed = await deploy(h, "api-bad", {
        template: h.template("ends"),
        traffic: [{ revision: "api-bad", percent: 100 }],
      });
      expect(failed).toMatchObject({ ok: false, error: { code: "candidate-not-ready" } });
      expect(failed.ok ? "" : failed.error.why.join("\n")).toContain(FAULT);
      const after = await h.services.get("api");
      expect(after?.traffic).toEqual(before.ok ? before.value.traffic : []);
      expect(await h.ask(await h.services.address("api"))).toBe("api-one");
      expect(await deploy(h, "api-bad", { template: h.template("ends") })).toEqual(failed);
    });

    it("serves nothing of a service whose first revision failed, until it is removed", async () => {
      await using h = await start();
      expect((await deploy(h, "api-bad", { template: h.template("ends") })).ok).toBe(false);
      expect((await h.services.get("api"))?.serving).toBeUndefined();
      expect(await h.ask(await h.services.address("api"))).toBe("503");
      await h.services.remove("api");
      expect(await h.services.get("api")).toBeUndefined();
      expect((await deploy(h, "api-good")).ok).toBe(true);
    });

    it("gives back a template exactly as it was asked", async () => {
      await using h = await start();
      const template: RevisionTemplate = {
        ...h.template("answers"),
        env: { ...h.template("answers").env, ...plain({ EMPTY: "", TEXT: "a=b $x\n☂" }) },
        port: 9_000,
        memory: "768Mi",
        cpu: 0.5,
        cpuThrottling: false,
        minInstances: 1,
        maxInstances: 7,
        concurrency: 33,
        timeoutSeconds: 77,
        cloudsqlInstances: ["p:r:one", "p:r:two"],
        startup: { path: "/health", withinSeconds: 42 },
      };
      const deployed = await deploy(h, "api-one", { template });
      expect(deployed.ok && deployed.value.serving?.template).toEqual(template);
      expect((await h.services.get("api"))?.serving).toMatchObject({ template, labels: { release: "api-one" } });
      expect(await h.services.list()).toEqual([await h.services.get("api")]);
    });

    it("moves all requests to another revision, and fails none of them", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      await deploy(h, "api-two", {
        traffic: [
          { revision: "api-one", percent: 100 },
          { revision: "api-two", percent: 0, tag: "rc" },
        ],
      });
      const address = await h.services.address("api");
      const answers: string[] = [];
      let isShifted = false;
      const client = async () => {
        while (answers.length < LOAD.requests || (!isShifted && answers.length < LOAD.most))
          answers.push(await h.ask(address));
      };
      const load = Promise.all(Array.from({ length: LOAD.parallel }, client));
      const set = await h.services.setTraffic("api", [{ revision: "api-two", percent: 100 }], DEADLINE_MS);
      expect(set).toMatchObject({ ok: true, value: { serving: { name: "api-two" } } });
      expect(await h.ask(address)).toBe("api-two");
      isShifted = true;
      await load;
      expect(answers).toContain("api-one");
      expect(answers.filter((answer) => answer !== "api-one" && answer !== "api-two")).toEqual([]);
      // And back, to a revision that nothing was kept running for.
      expect((await h.services.setTraffic("api", [{ revision: "api-one", percent: 100 }], DEADLINE_MS)).ok).toBe(true);
      expect(await h.ask(address)).toBe("api-one");
    });

    it("refuses traffic for a revision that is not there", async () => {
      await using h = await start();
      await deploy(h, "api-one");
      expect((await h.services.setTraffic("api", [{ revision: "api-none", percent: 100 }], DEADLINE_MS)).ok).toBe(
        false,
      );
      expect((await h.services.setTraffic("none", [{ revision: "none-1", percent: 100 }], DEADLINE_MS)).ok).toBe(false);
      expect(await h.ask(await h.services.address("api"))).toBe("api-one");
    });

    it("declares a job, and gives it back exactly; again with other settings", async () => {
      await using h = await start();
      const template = { ...h.template("answers"), cloudsqlInstances: ["p:r:one"], timeoutSeconds: 600 };
      expect(await h.services.declareJob({ job: "nightly", template, labels: { a: "b" } })).toEqual({
        ok: true,
        value: undefined,
      });
      expect(await h.services.observedJob("nightly")).toEqual(template);
      const changed = { ...template, args: ["--fast"], memory: "1Gi" };
      await h.services.declareJob({ job: "nightly", template: changed, labels: {} });
      expect(await h.services.observedJob("nightly")).toEqual(changed);
    });
  });
}

function plain(values: Readonly<Record<string, string>>): RevisionTemplate["env"] {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { kind: "plain", value } as const]));
}
