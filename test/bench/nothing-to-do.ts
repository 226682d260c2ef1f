/**
 * What it costs to find that there is nothing to do. Ours is the planner over what was gathered: 1,000 modules with two
 * services each, every one compared with what is live. Peers have 1,000 nodes: make compares times, wireit content. The jobs
 * differ, and docs/benchmarks.md says how; the growth with the number of modules is the same job throughout.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNothingToDo, type Plan } from "../../src/core/plan/plan.ts";
import type { PlanInput } from "../../src/core/plan/plan-input.ts";
import { planRelease } from "../../src/core/plan/plan-release.ts";
import { digestOf } from "../../src/core/values/digest.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { ENVIRONMENT, live, service } from "../support/plan-values.ts";
import type { InstalledPeers } from "./install-peers.ts";
import { median } from "./medians.ts";

export interface NothingToDo {
  /** Modules → milliseconds of a plan that finds nothing to do. */
  readonly plans: readonly { readonly modules: number; readonly services: number; readonly ms: number }[];
  readonly peers: readonly { readonly name: string; readonly nodes: number; readonly ms: number }[];
}

const SIZES = [250, 500, 1_000];
const NODES = 1_000;
const ROUNDS = 3;
const WHERE = { file: "m.yaml", line: 1, column: 1 };
const COMMIT = "1".repeat(40) as CommitId;

/** Measures plans of growing size, and the peers that are there. */
export function measureNothingToDo(installed: InstalledPeers | undefined): NothingToDo {
  const plans = SIZES.map((modules) => {
    const input = released(modules);
    const ms = median(
      Array.from({ length: ROUNDS }, () => {
        const startedMs = performance.now();
        if (!isNothingToDo(planOf(input))) throw new Error("the plan has something to do");
        return performance.now() - startedMs;
      }),
    );
    return { modules, services: modules * 2, ms };
  });
  const make = timed("make", (folder) => {
    const names = Array.from({ length: NODES }, (_, at) => `n${at}`);
    const rules = names.map((name, at) => `${name}:${at === 0 ? "" : ` n${at - 1}`}\n\t@touch ${name}`);
    writeFileSync(join(folder, "Makefile"), `all: ${names.join(" ")}\n${rules.join("\n")}\n`);
    return { command: ["make", "-s", "-j2", "all"], env: process.env };
  });
  const wireit = installed && timed("wireit", (folder) => wireitNodes(folder, installed));
  return { plans, peers: [make, wireit].flatMap((each) => each ?? []) };
}

function wireitNodes(folder: string, { env }: InstalledPeers) {
  const names = Array.from({ length: NODES }, (_, at) => `n${at}`);
  writeFileSync(join(folder, "in.txt"), "in");
  const scripts = Object.fromEntries(["all", ...names].map((name) => [name, "wireit"]));
  const nodes = names.map((name) => [name, { command: "true", files: ["in.txt"], output: [] }]);
  const wireit = { ...Object.fromEntries(nodes), all: { dependencies: names } };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts, wireit }));
  return { command: ["npm", "run", "--silent", "all"], env: { ...env, WIREIT_LOGGER: "quiet", WIREIT_CACHE: "none" } };
}

/** Runs it once to do everything, then again and again with nothing to do. Undefined, and said aloud, where it fails. */
function timed(
  name: string,
  prepare: (folder: string) => { readonly command: readonly string[]; readonly env: NodeJS.ProcessEnv },
): NothingToDo["peers"][number] | undefined {
  const folder = mkdtempSync(join(tmpdir(), "mobius-nothing-"));
  try {
    const { command, env } = prepare(folder);
    const [program = "", ...args] = command;
    const run = () => spawnSync(program, args, { cwd: folder, env, stdio: "ignore" }).status === 0;
    if (!run()) {
      console.warn(`SKIPPED: ${name} with nothing to do: it did not run here`);
      return undefined;
    }
    const samples = Array.from({ length: ROUNDS }, () => {
      const startedMs = performance.now();
      run();
      return performance.now() - startedMs;
    });
    return { name, nodes: NODES, ms: median(samples) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The input of a plan whose services are live exactly as it wants them. */
function released(modules: number): PlanInput {
  const fresh = inputOf(modules);
  const plan = planOf(fresh);
  const services = Object.fromEntries(plan.actions.services.map(({ service: name }) => [name, live(plan, name)]));
  return { ...fresh, services };
}

function planOf(input: PlanInput): Plan {
  const made = planRelease(input);
  if (!made.ok) throw new Error(made.problems[0].summary);
  return made.value;
}

function inputOf(count: number): PlanInput {
  const names = Array.from({ length: count }, (_, at) => `m${at}`);
  const entries = <T>(value: (name: string) => T) => Object.fromEntries(names.map((name) => [name, value(name)]));
  const wired = (name: string, image: string) =>
    service(name, { image, env: { NAME: name, PEER: `\${services.${image}-api.url}` } });
  const services = names.flatMap((name) => [wired(`${name}-api`, name), wired(`${name}-worker`, name)]);
  return {
    platform: {
      name: "bench",
      git: { writeBack: { kind: "none" } },
      modules: entries((name) => ({
        name,
        source: { kind: "repository" as const, url: `./${name}.git` },
        path: name,
        inputs: [],
      })),
      images: entries((name) => ({
        kind: "built" as const,
        name,
        module: name,
        repository: name,
        build: { kind: "source" as const, include: ["server.js"] as const, command: ["node", "server.js"] as const },
      })),
      services: Object.fromEntries(services.map((each) => [each.name, each])),
      environments: { staging: ENVIRONMENT },
      flags: {},
      overrides: {},
      checks: [],
      notifications: {},
    },
    environment: ENVIRONMENT,
    manifest: {
      file: "release-manifests/x-staging.yaml",
      releaseId: { value: "x-staging", where: WHERE },
      description: "",
      environment: "staging",
      commits: entries(() => ({ value: COMMIT, where: WHERE })),
      images: {},
      migrations: {},
      featureFlags: {},
      envOverrides: {},
      verification: { dbtTest: false },
      notes: [],
      rewrites: [],
    },
    manifestDigest: digestOf("manifest"),
    commits: entries((name) => ({ ref: COMMIT, repository: `./${name}.git`, path: name, commit: COMMIT })),
    artifacts: entries((name) => ({ key: digestOf(name), present: digestOf(`${name} image`), missing: [] })),
    migrationFiles: {},
    ledgers: {},
    connectionLimit: 100,
    services: {},
    jobs: {},
    addresses: Object.fromEntries(services.map(({ name }) => [name, `http://${name}`])),
    secretVersions: {},
    released: {},
    dropped: [],
    problems: [],
  };
}
