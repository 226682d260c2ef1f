/**
 * Answers what people ask of the records: where something is, what changed between two released sets, and what the
 * umbrella's files ought to say. Reads only; every answer is made of the event log and of git's history.
 */
import { environmentNamed } from "../../core/manifest/environments.ts";
import type { Platform } from "../../core/platform/platform.ts";
import { type Changelog, compareSets } from "../../core/records/compare-sets.ts";
import { hasRecord, type ReleaseRecord } from "../../core/records/release-record.ts";
import { isInForce, releaseNumber, type SetContent, setContent } from "../../core/records/set-content.ts";
import type { Whereabouts } from "../../core/records/where.ts";
import type { Release } from "../../core/release/state.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { stateName } from "../../core/views/project-release.ts";
import type { RepositoryUrl, Source } from "../../ports/source.ts";
import { PlatformReader } from "../releases/platform-reader.ts";
import { environmentUnknown, manifestNotPushed } from "../releases/problems.ts";
import { findSubject } from "./find-subject.ts";
import { findPlaces } from "./find-where.ts";
import { sideNotReleased, sideUnknown } from "./problems.ts";
import { readChanges } from "./read-changes.ts";
import { readRecord } from "./read-record.ts";

/** Releases in one answer of `records`. */
const PAGE = 50;

export interface RecordsDeskOptions {
  readonly source: Source;
  readonly umbrella: RepositoryUrl;
  /** All releases, in any order. */
  readonly releases: () => readonly Release[];
}

/** A page of records, oldest first; `next` is the number after which the next page begins. */
export interface RecordsPage {
  readonly records: readonly ReleaseRecord[];
  readonly next?: number;
}

/** The desk of one installation. */
export class RecordsDesk {
  readonly #options: RecordsDeskOptions;
  readonly #platforms: PlatformReader;

  constructor(options: RecordsDeskOptions) {
    this.#options = options;
    this.#platforms = new PlatformReader(options);
  }

  /** In which of the environments (all where none is named) a commit, image or release is. */
  async where(subject: string, environments: readonly string[]): Promise<Result<Whereabouts, Problem>> {
    const platform = await this.#platform();
    if (!platform.ok) return platform;
    const chosen = chooseEnvironments(platform.value, environments);
    if (!chosen.ok) return chosen;
    const { source, umbrella } = this.#options;
    const releases = this.#releases();
    const found = await findSubject({ platform: platform.value, umbrella, releases, source }, subject);
    if (!found.ok) return found;
    const places = await findPlaces({ releases, source, environments: chosen.value }, found.value);
    const everywhere = places.every(({ state }) => state === "there");
    return ok({ apiVersion: "mobius/v1", subject, kind: found.value.kind, everywhere, places });
  }

  /** What differs between two releases or environments; at most `limit` commits of each module are shown. */
  async changelog(request: {
    readonly from: string;
    readonly to: string;
    readonly limit: number;
  }): Promise<Result<Changelog, Problem>> {
    const platform = await this.#platform();
    if (!platform.ok) return platform;
    const from = this.#side(platform.value, request.from);
    if (!from.ok) return from;
    const to = this.#side(platform.value, request.to);
    if (!to.ok) return to;
    const names = [...new Set([...Object.keys(from.value.modules), ...Object.keys(to.value.modules)])].sort();
    const differing = names.filter((name) => from.value.modules[name]?.commit !== to.value.modules[name]?.commit);
    const modules = await Promise.all(
      differing.map((module) => {
        const [was, is] = [from.value.modules[module], to.value.modules[module]];
        const repository = is?.repository ?? was?.repository ?? "";
        const start = was === undefined ? {} : { from: was.commit };
        const end = is === undefined ? {} : { to: is.commit };
        return readChanges(this.#options.source, { module, repository, ...start, ...end }, request.limit);
      }),
    );
    return ok(compareSets(from.value, to.value, modules));
  }

  /** Records of releases with numbers above `after`, of one environment or all. */
  async records(after: number, environment: string | undefined): Promise<Result<RecordsPage, Problem>> {
    const known = await this.#platform();
    if (!known.ok) return known;
    const named = chooseEnvironments(known.value, environment === undefined ? [] : [environment]);
    if (!named.ok) return named;
    const name = environment === undefined ? undefined : named.value[0]?.name;
    const chosen = this.#releases()
      .filter(({ id }) => releaseNumber(id) > after)
      .filter((release) => hasRecord(release) && [undefined, release.plan.environment].includes(name))
      .reverse();
    const records: ReleaseRecord[] = [];
    for (const release of chosen.slice(0, PAGE)) {
      const platform = await this.#platforms.at(release.umbrellaCommit);
      if (!platform.ok) return err(platform.problems[0]);
      records.push(await readRecord(this.#options.source, platform.value, release));
    }
    const last = chosen[PAGE - 1];
    const next = chosen.length > PAGE && last !== undefined ? { next: releaseNumber(last.id) } : {};
    return ok({ records, ...next });
  }

  #releases(): readonly Release[] {
    return [...this.#options.releases()].sort((a, b) => releaseNumber(b.id) - releaseNumber(a.id));
  }

  /** As the umbrella's main branch has it. */
  async #platform(): Promise<Result<Platform, Problem>> {
    const { source, umbrella } = this.#options;
    await source.refresh(umbrella); // what is known already will do where it does not answer
    const head = await source.resolve(umbrella, "HEAD");
    if (!head.ok) return err(manifestNotPushed("mobius.yaml", "HEAD"));
    const platform = await this.#platforms.at(head.value);
    return platform.ok ? ok(platform.value) : err(platform.problems[0]);
  }

  #side(platform: Platform, name: string): Result<SetContent, Problem> {
    const releases = this.#releases();
    const environment = environmentNamed(platform, name)?.name;
    if (environment !== undefined) return ok(setContent(releases, environment));
    const release = releases.find(({ id, plan }) => id === name || plan.manifest.releaseId === name);
    if (release === undefined) return err(sideUnknown(name, Object.keys(platform.environments)));
    if (!isInForce(release)) return err(sideNotReleased(release.id, stateName(release)));
    return ok(setContent(releases, release.plan.environment, release.id));
  }
}

function chooseEnvironments(platform: Platform, names: readonly string[]) {
  const all = Object.values(platform.environments);
  const chosen = names.map((name) => environmentNamed(platform, name));
  const unknown = names.find((_name, index) => chosen[index] === undefined);
  if (unknown !== undefined) return err(environmentUnknown(unknown, Object.keys(platform.environments)));
  const environments = names.length === 0 ? all : all.filter((each) => chosen.includes(each));
  return ok(
    environments.map(({ name, policies: { promoteFrom } }) => ({
      name,
      ...(promoteFrom === undefined ? {} : { promoteFrom }),
    })),
  );
}
