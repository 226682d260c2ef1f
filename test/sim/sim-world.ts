/**
 * A world in memory that implements every port of the release engine, with a clock of its own and a crash at any chosen
 * call: before the call does anything, or after it has done it and before its answer arrives. After a crash the old
 * engine's calls never come back, as those of a killed process never do, and a new engine starts on the same world.
 */

import type { BuildConfig, BuildStatus } from "../../src/core/build/build-config.ts";
import type { EarlierRow } from "../../src/core/migrations/plan-baseline.ts";
import type { ObservedRevision, ObservedService, RevisionTemplate } from "../../src/core/plan/observed.ts";
import type { ReleaseEvent } from "../../src/core/release/events.ts";
import { type Digest, digestOf } from "../../src/core/values/digest.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { err, ok } from "../../src/core/values/result.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { type Instant, instant } from "../../src/core/values/time.ts";
import type { BuildRequest, EnvironmentPorts, ReleasePorts } from "../../src/engine/releases/release-ports.ts";
import { createMemoryBackups } from "../../src/ports/backups.fake.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import { createMemoryPeople } from "../../src/ports/people.fake.ts";
import type { Answer } from "../../src/ports/probe.ts";
import { createMemoryRequestMetrics } from "../../src/ports/request-metrics.fake.ts";
import type { Program } from "../../src/ports/scripts.ts";
import type { TrafficEntry } from "../../src/ports/services.ts";
import type { CrashPoint, Fate, HistoryEntry, PortCall } from "./sim-calls.ts";
import { type SimLedger, simDatabases } from "./sim-databases.ts";
import { SimLeases } from "./sim-leases.ts";

export interface SimRevision {
  readonly template: RevisionTemplate;
  readonly labels: Readonly<Record<string, string>>;
  /** 0 unless given. */
  readonly createdAtMs?: number;
}

export interface SimService {
  traffic: readonly TrafficEntry[];
  revisions: Map<string, SimRevision>;
}

export interface SimBuild {
  readonly id: string;
  readonly config: BuildConfig;
  status: BuildStatus;
  detail: string;
}

/** Tag of a build that a trigger started. */
export const TRIGGERED = "triggered";

export class SimWorld {
  /** What the build with the tag asks for. */
  triggered: BuildRequest | undefined;
  /** Files of every repository at every commit: the sample of these tests has one commit each. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services = new Map<string, SimService>();
  readonly jobs = new Map<string, RevisionTemplate>();
  readonly builds = new Map<string, SimBuild>();
  readonly images = new Map<string, Digest>();
  readonly ledger: SimLedger = [];
  /** What was run of repositories, in order. */
  readonly programs: Program[] = [];
  /** Kinds of programs that this machine cannot run. */
  readonly missingPrograms = new Set<Program["kind"]>();
  /** Other tools' tables, by `<database>/<table>`. */
  readonly earlierRows: Record<string, readonly EarlierRow[]> = {};
  readonly written: { release: string; files: Map<string, string> }[] = [];
  /** What was counted of requests: nothing by itself. */
  readonly requests = createMemoryRequestMetrics();
  readonly backups = createMemoryBackups();
  /** What users do while time goes by: nothing by itself. */
  users: (at: Instant) => void = () => {};
  /** Everything that changed the world, in order. */
  readonly effects: string[] = [];
  /** What a request to an address is answered: by default every revision is well. */
  answer: (url: string) => Answer = () => ({ kind: "answered", status: 200, headers: {}, body: "{}", durationMs: 1 });
  readonly history: HistoryEntry[] = [];
  /** Decides what becomes of each call; undefined lets it go well. */
  fate: (call: PortCall) => Fate | undefined = () => undefined;
  calls = 0;
  crashed: Promise<void>;
  /** Engines so far. */
  lives = 0;
  readonly #dead = new Set<number>();
  readonly #deaths = new Map<number, PromiseWithResolvers<void>>();
  #nowMs = 1_000_000;
  /** How far the wall clock is from the monotonic one. */
  #wallMs = 0;
  #onCrash: () => void = () => {};
  readonly #leases = new SimLeases(() => this.#nowMs);
  readonly #eventLog = createMemoryEventLog({ holds: (fence) => this.#leases.holds(fence) });

  constructor(files: SimWorld["files"]) {
    this.files = files;
    this.crashed = new Promise(() => {});
  }

  /** Arms one crash; `crashed` resolves when it happens. */
  crashAt(point: CrashPoint | undefined): void {
    this.calls = 0;
    this.fate = ({ number }) => (number === point?.call ? { kind: "kill", side: point.side } : undefined);
    this.crashed = new Promise((resolve) => {
      this.#onCrash = resolve;
    });
  }

  /** Sets the wall clock, forward or back. The monotonic clock and the store's leases go on as before. */
  setClock(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** Resolves when the engine is killed. */
  death(life: number): Promise<void> {
    return this.#deathOf(life).promise;
  }

  #deathOf(life: number): PromiseWithResolvers<void> {
    const death = this.#deaths.get(life) ?? Promise.withResolvers<void>();
    this.#deaths.set(life, death);
    return death;
  }

  /** How long the environment's lease is still held, in milliseconds. */
  leaseLeftMs(lease: string): number {
    return this.#leases.leftMs(lease);
  }

  /** The ports of one engine. Those of an engine that crashed never answer again. */
  ports(): ReleasePorts {
    this.lives += 1;
    const life = this.lives;
    const wrap = <T extends object>(name: string, port: T): T => this.#wrap(port, { life, name });
    const environmentPorts: EnvironmentPorts = {
      builds: wrap("builds", this.#buildsPort(life)),
      services: wrap("services", this.#servicesPort(life)),
      secrets: wrap("secrets", {
        latestVersion: async () => "1",
        access: async () => new Secret("x"),
        put: async () => "1",
      }),
      images: wrap("images", {
        resolve: async (reference: string) => this.images.get(reference),
        labels: async (reference: string) => (this.images.has(reference) ? {} : undefined),
        tag: async () => {},
        copy: async ({ digest, from, to }: { digest: Digest; from: string; to: string }) => {
          const known = [...this.images].some(([name, at]) => name.startsWith(from) && at === digest);
          if (!known) throw new Error(`${from} has no ${digest}`);
          this.images.set(`${to}@${digest}`, digest);
          return "copied" as const;
        },
      }),
      imageTexts: wrap("imageTexts", {
        search: async () => ({ found: [], files: 0, skipped: { binary: 0, large: 0 } }),
      }),
      databases: wrap(
        "databases",
        simDatabases(
          this.ledger,
          ({ identifier, database }) => this.#effect(life, "migration", identifier, database),
          this.earlierRows,
        ),
      ),
      requestMetrics: wrap("requestMetrics", this.requests.requestMetrics),
      backups: wrap("backups", this.backups),
      deployTokens: wrap("deployTokens", { issue: async () => new Secret("for a script") }),
    };
    return {
      clock: {
        now: () => instant(this.#nowMs + this.#wallMs),
        monotonicMs: () => this.#nowMs,
        sleep: async (durationMs, signal) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (signal?.aborted !== true) this.#nowMs += Math.min(durationMs, 200);
          this.users(instant(this.#nowMs + this.#wallMs));
          if (this.#dead.has(life)) await new Promise(() => {});
        },
      },
      ids: { uuid: () => "00000000-0000-4000-8000-000000000000", randomHex: (bytes) => "0".repeat(bytes * 2) },
      eventLog: wrap("eventLog", this.#eventLogPort(life)),
      leases: wrap("leases", this.#leases.port(life)),
      people: createMemoryPeople({ owner: "owner" }),
      source: wrap("source", this.#sourcePort()),
      writeBack: wrap("writeBack", {
        commit: async ({ release, files }: Parameters<ReleasePorts["writeBack"]["commit"]>[0]) => {
          if (!this.written.some((earlier) => earlier.release === release)) {
            const texts = files.map(({ path, change }) => [path, change(this.files.umbrella?.[path])] as const);
            this.written.push({ release, files: new Map(texts) });
            this.#effect(life, "write-back", release);
          }
          return ok({ commit: "f".repeat(40) as CommitId, workingFolder: "followed" as const });
        },
      }),
      probe: wrap("probe", { request: async ({ url }: { url: string }) => this.answer(url) }),
      scripts: wrap("scripts", {
        missing: async ({ kind }) => (this.missingPrograms.has(kind) ? kind : undefined),
        run: async ({ program }) => {
          this.programs.push(program);
          return 0;
        },
      }),
      umbrella: "umbrella",
      registryUrl: "http://registry",
      reachableUrl: (url) => url,
      ...wrap("environment", {
        buildRequest: async (id: string) =>
          this.builds.get(id)?.config.tags?.includes(TRIGGERED) === true ? this.triggered : undefined,
        endBuild: async (id: string, reason: string) => {
          const build = this.builds.get(id);
          if (build?.status === "WORKING") Object.assign(build, { status: "CANCELLED", detail: reason });
        },
      }),
      environment: async () => environmentPorts,
      reach: () => {},
    };
  }

  /** Notes what changed the world, in the order in which it did. */
  #effect(life: number, effect: string, subject: string, detail = ""): void {
    if (effect !== "traffic") this.effects.push(`${effect} ${subject}`);
    this.history.push({ kind: "effect", effect, subject, detail, life, ...this.#leases.tokens(life) });
  }

  #eventLogPort(life: number): ReleasePorts["eventLog"] {
    return {
      ...this.#eventLog,
      append: async (request) => {
        const appended = await this.#eventLog.append(request);
        for (const { event, at, actor, sequence } of appended.ok ? appended.value : []) {
          if (!request.stream.startsWith("release/")) continue;
          const recorded = { event: event as unknown as ReleaseEvent, at, actor, sequence };
          this.history.push({ kind: "event", stream: request.stream, recorded, life, ...this.#leases.tokens(life) });
        }
        return appended;
      },
    };
  }

  #wrap<T extends object>(port: T, { life, name: portName }: { readonly life: number; readonly name: string }): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        // A generator is no call that could be lost: it reads.
        if (name === "follow") return member.bind(target);
        return async (...args: unknown[]) => {
          if (this.#dead.has(life)) await new Promise(() => {});
          this.calls += 1;
          const fate = this.fate({ number: this.calls, life, port: portName, method: String(name) });
          if (fate?.kind === "kill" && fate.side === "before") await this.#kill(life);
          if (fate?.kind === "throw" && !fate.isApplied) throw new Error(fate.reason);
          if (fate?.kind === "conflict") return conflict(portName);
          const result = await member.apply(target, args);
          if (fate?.kind === "throw") throw new Error(fate.reason);
          if (fate?.kind === "kill") await this.#kill(life);
          // Killed by another of its calls meanwhile: the answer never arrives.
          if (this.#dead.has(life)) await new Promise(() => {});
          return result;
        };
      },
    });
  }

  /** Never resolves: nothing of a killed engine goes on. */
  async #kill(life: number): Promise<never> {
    this.#deathOf(life).resolve();
    this.#dead.add(life);
    this.#onCrash();
    return new Promise(() => {});
  }

  #sourcePort(): ReleasePorts["source"] {
    const text = (url: string, path: string) => this.files[url]?.[path];
    return {
      refresh: async () => ok(undefined),
      resolve: async (url, ref) => {
        if (ref === "HEAD") return ok(digestOf(url).slice(7, 47) as CommitId);
        return /^[0-9a-f]{40}$/.test(ref) ? ok(ref as CommitId) : err({ kind: "not-found", url, ref });
      },
      readFile: async (url, _commit, path) => text(url, path),
      list: async (url, _commit, path) =>
        Object.entries(this.files[url] ?? {})
          .filter(([name]) => path === "." || name === path || name.startsWith(`${path}/`))
          .map(([name, content]) => ({ path: name, mode: "100644", kind: "file" as const, object: digestOf(content) })),
      log: async () => [],
      checkout: async () => ok(undefined),
    };
  }

  #buildsPort(life: number): EnvironmentPorts["builds"] {
    const observed = (build: SimBuild) => ({
      id: build.id,
      status: build.status,
      tags: build.config.tags ?? [],
      logUrl: `http://log/${build.id}`,
      statusDetail: build.detail,
      failedSteps: [],
      substitutions: build.config.substitutions ?? {},
      serviceAccount: "",
    });
    return {
      submit: async (config) => {
        const build: SimBuild = { id: `b-${this.builds.size + 1}`, config, status: "WORKING", detail: "" };
        this.builds.set(build.id, build);
        this.#effect(life, "build", config.tags?.join(",") ?? "");
        return ok(observed(build));
      },
      get: async (id) => {
        const build = this.builds.get(id);
        return build === undefined ? undefined : observed(build);
      },
      findByTag: async (tag) => {
        const build = [...this.builds.values()].find((candidate) => candidate.config.tags?.includes(tag));
        return build === undefined ? undefined : observed(build);
      },
      cancel: async (id) => {
        const build = this.builds.get(id);
        if (build?.status === "WORKING") build.status = "CANCELLED";
      },
    };
  }

  #servicesPort(life: number): EnvironmentPorts["services"] {
    const get = (name: string): ObservedService | undefined => {
      const service = this.services.get(name);
      return service === undefined ? undefined : observedService(name, service);
    };
    return {
      list: async () => [...this.services.keys()].flatMap((name) => get(name) ?? []),
      get: async (name) => get(name),
      revision: async (name, revision) => {
        const found = this.services.get(name)?.revisions.get(revision);
        return found === undefined ? undefined : observedRevision(revision, found);
      },
      address: async (name) => `http://${name}`,
      tagAddress: async (name, tag) => `http://${tag}.${name}`,
      deploy: async ({ service, revision, template, labels, traffic }) => {
        const found = this.services.get(service) ?? { traffic: [], revisions: new Map() };
        if (!found.revisions.has(revision)) this.#effect(life, "revision", revision, service);
        found.revisions.set(revision, { template, labels });
        found.traffic = traffic;
        this.#effect(life, "traffic", service, trafficText(traffic));
        this.services.set(service, found);
        return ok(observedService(service, found));
      },
      setTraffic: async (service, traffic) => {
        const found = this.services.get(service);
        if (found === undefined) throw new Error(`no service ${service}`);
        found.traffic = traffic;
        this.#effect(life, "traffic", service, trafficText(traffic));
        return ok(observedService(service, found));
      },
      remove: async (service) => {
        if (this.services.delete(service)) this.#effect(life, "remove", service);
      },
      declareJob: async ({ job, template }) => {
        this.jobs.set(job, template);
        return ok(undefined);
      },
      observedJob: async (job) => this.jobs.get(job),
    };
  }
}

/** What has the traffic, such as `api-rel1-1=100`. */
function trafficText(traffic: readonly TrafficEntry[]): string {
  return traffic.flatMap(({ revision, percent }) => (percent === 0 ? [] : [`${revision}=${percent}`])).join(" ");
}

function conflict(port: string) {
  if (port !== "services") throw new Error("409 Conflict");
  return err({
    code: "target-changed",
    severity: "error",
    summary: "The service was changed by somebody else.",
    why: ["409 Conflict: the etag is another."],
    fix: "Release again.",
  } as const);
}

function observedRevision(name: string, revision: SimRevision): ObservedRevision {
  const { template, labels } = revision;
  const digest = template.image.split("@")[1] as Digest | undefined;
  return { name, template, digest, labels, createdAt: instant(revision.createdAtMs ?? 0) };
}

function observedService(name: string, { traffic, revisions }: SimService): ObservedService {
  const top = [...traffic].sort((a, b) => b.percent - a.percent)[0];
  const serving = top === undefined ? undefined : revisions.get(top.revision);
  const newest = [...revisions.keys()].at(-1);
  return {
    name,
    url: `http://${name}`,
    etag: "1",
    labels: {},
    traffic: traffic.map((entry) => ({ ...entry, latest: false })),
    ...(top === undefined || serving === undefined ? {} : { serving: observedRevision(top.revision, serving) }),
    ...(newest === undefined ? {} : { latestCreatedRevision: newest }),
  };
}
