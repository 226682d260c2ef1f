/**
 * The layers: which folder may import which. A file imports lower layers or its own folder, never upwards, never in a
 * circle; external systems are reached in one place only. ARCHITECTURE.md says the same in prose.
 */
import type { Import, SourceFile, Violation } from "./source-files.ts";

interface Layer {
  readonly folder: string;
  /** Folders that it may import besides itself. */
  readonly mayImport: readonly string[];
  /** What to do instead of importing something else. */
  readonly instead: string;
}

/** Tests sit beside what they test; so do the suites and fakes that are for tests. */
const TESTING = /\.(test|contract|fake)\.ts$/;

/** Most specific first: the first folder that holds a file is its layer. */
const LAYERS: readonly Layer[] = [
  layer("src/core/values", [], "values are the bottom: move what it needs here, or take it as a parameter"),
  layer("src/core/yaml", ["src/core/values"], "reading YAML knows nothing of what the files mean"),
  layer("src/core/platform", ["src/core/values", "src/core/yaml"], "the platform file is read before all else"),
  layer(
    "src/core/manifest",
    ["src/core/values", "src/core/yaml", "src/core/platform"],
    "a plan reads manifests, not the reverse",
  ),
  layer("src/core/build", ["src/core/values", "src/core/yaml"], "a build configuration stands by itself, as on Google"),
  layer(
    "src/core/trigger",
    ["src/core/values", "src/core/build"],
    "a trigger starts builds, and knows nothing of releases",
  ),
  layer(
    "src/core/adoption",
    ["src/core/values", "src/core/yaml", "src/core/platform", "src/core/manifest"],
    "adopting makes files, and knows nothing of what becomes of them",
  ),
  layer("src/core/metrics", ["src/core/values"], "counting requests needs a time only"),
  layer("src/core/retention", ["src/core/values"], "what is let go follows from times alone"),
  layer("src/core/migrations", ["src/core/values"], "judging SQL needs its text only"),
  layer(
    "src/core/plan",
    ["src/core/values", "src/core/platform", "src/core/manifest", "src/core/build", "src/core/migrations"],
    "a plan knows nothing of releases",
  ),
  layer(
    "src/core/identity",
    ["src/core/values", "src/core/platform", "src/core/plan"],
    "who may do what follows from the platform file alone",
  ),
  layer("src/core/audit", ["src/core/values"], "a record knows nothing of what it is a record of"),
  layer(
    "src/core/release",
    ["src/core/values", "src/core/metrics", "src/core/plan", "src/core/build"],
    "a release's state is made of its events",
  ),
  layer(
    "src/core/canary",
    ["src/core/values", "src/core/metrics", "src/core/platform", "src/core/release"],
    "a judge is given numbers, and moves nothing",
  ),
  layer(
    "src/core/gates",
    ["src/core/values", "src/core/platform", "src/core/plan", "src/core/release"],
    "a gate judges releases, and changes none",
  ),
  layer(
    "src/core/drift",
    ["src/core/values", "src/core/platform", "src/core/plan", "src/core/release", "src/core/gates"],
    "drift compares what was released with what is live",
  ),
  layer(
    "src/core/verification",
    ["src/core/values", "src/core/platform", "src/core/release"],
    "checks judge evidence only",
  ),
  layer("src/core/records", ["src/core"], "a record is a pure function of releases and of git's history"),
  layer(
    "src/core/notification",
    ["src/core/values", "src/core/platform", "src/core/build", "src/core/plan", "src/core/release", "src/core/drift"],
    "a notice is a pure function of what happened",
  ),
  layer("src/core/views", ["src/core"], "a view is a pure function of state"),
  layer("src/ports", ["src/core"], "a port speaks the core's language; put the value into core"),
  layer("src/engine", ["src/core", "src/ports"], "take a port as a parameter; main gives the adapter"),
  layer("src/adapters/system", ["src/core", "src/ports"], "the clock and ids need nothing"),
  ...["adapters", "cloud"].map((folder) =>
    layer(
      `src/${folder}/*`,
      ["src/core", "src/ports", "src/engine", ...(folder === "adapters" ? ["src/adapters/system"] : [])],
      "adapters and clouds do not know each other: main injects a port, or they meet on the wire",
    ),
  ),
  layer("src/server", ["src/core", "src/ports", "src/engine"], "take what you need as a parameter of createServer"),
  layer("src/cli", ["src/core", "src/ports", "src/engine"], "take what you need from the CommandContext"),
  layer("src/main", ["src"], ""),
];

function layer(folder: string, mayImport: readonly string[], instead: string): Layer {
  return { folder, mayImport, instead };
}

/** Imports that go upwards or sideways. */
export function wrongWay(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => {
    const own = layerOf(file.path);
    if (own === undefined)
      return [violation(file, 1, `${file.path} is in no layer: add its folder to test/house/layers.ts`)];
    return file.imports.flatMap((each) => {
      if (each.path === undefined || isAllowed(file.path, own, each.path)) return [];
      return [violation(file, each.line, `${folderOf(own, file.path)} may not import ${each.path}: ${own.instead}`)];
    });
  });
}

function isAllowed(from: string, own: Layer, to: string): boolean {
  const forTests = TESTING.test(from) ? ["test/support"] : [];
  return [folderOf(own, from), ...own.mayImport, ...forTests].some((folder) => to.startsWith(`${folder}/`));
}

function layerOf(path: string): Layer | undefined {
  return LAYERS.find((each) => path.startsWith(`${folderOf(each, path)}/`));
}

/** The layer's folder; where it ends in `*`, the one beneath which the file is. */
function folderOf({ folder }: Layer, path: string): string {
  if (!folder.endsWith("*") || !path.startsWith(folder.slice(0, -1))) return folder;
  return path.split("/").slice(0, folder.split("/").length).join("/");
}

/** Files that import one another in a circle, types included. */
export function cycles(files: readonly SourceFile[]): readonly Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    const seen = trail.indexOf(file.path);
    if (seen >= 0) {
      const circle = [...trail.slice(seen), file.path].join(" → ");
      found.push(violation(file, 1, `an import cycle: ${circle}. Move what both need into a file beneath them`));
      return;
    }
    if (done.has(file.path)) return;
    for (const { path } of file.imports) {
      const next = path === undefined ? undefined : byPath.get(path);
      if (next !== undefined) visit(next, [...trail, file.path]);
    }
    done.add(file.path);
  };
  for (const file of files) visit(file, []);
  return found;
}

interface Ban {
  readonly pattern: RegExp;
  /** Folders in which it is right. */
  readonly allowedIn: readonly string[];
  readonly message: string;
}

const BANS: readonly Ban[] = [
  ban(/\bDate\.now\b|\bnew Date\(\)/g, ["src/adapters/system"], "ask the Clock (src/ports/clock.ts)"),
  ban(/\bMath\.random\b|\brandomUUID\b/g, ["src/adapters/system"], "ask Ids (src/ports/clock.ts)"),
  ban(/\b(setTimeout|setInterval)\(/g, ["src/adapters/system"], "sleep with the Clock, which tests can hold"),
  ban(/\bconsole\./g, ["src/adapters/system"], "events are the output; commands write through their context"),
  ban(/\bprocess\.(env|exit|exitCode|argv)\b/g, ["src/main"], "main reads the environment and ends the process"),
  ban(/(?<![.\w])fetch\(/g, ["src/adapters", "src/main"], "only an adapter talks to the outside; take a port"),
];

function ban(pattern: RegExp, allowedIn: readonly string[], message: string): Ban {
  return { pattern, allowedIn, message };
}

/** What only one layer may do. */
export function bannedCalls(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter((file) => !TESTING.test(file.path))
    .flatMap((file) =>
      BANS.filter(({ allowedIn }) => !allowedIn.some((folder) => file.path.startsWith(`${folder}/`))).flatMap((each) =>
        [...file.code.matchAll(each.pattern)].map((match) =>
          violation(
            file,
            file.code.slice(0, match.index).split("\n").length,
            `${match[0]} is banned here: ${each.message}`,
          ),
        ),
      ),
    );
}

/** The core waits for nothing and knows no machine; Google's clients live in one place. */
export function foreignImports(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter((file) => !TESTING.test(file.path))
    .flatMap((file) => file.imports.flatMap((each) => foreignImport(file, each)));
}

function foreignImport(file: SourceFile, { name, path, line }: Import): readonly Violation[] {
  if (path !== undefined) return [];
  const isIn = (folder: string) => file.path.startsWith(`${folder}/`);
  if (/^@google-cloud\/|^google-/.test(name) && !isIn("src/adapters/google")) {
    return [violation(file, line, `${name} belongs to src/adapters/google: take a port`)];
  }
  if (name.startsWith("node:") && (isIn("src/core") || isIn("src/ports"))) {
    return [violation(file, line, `${name} is of one machine: core and ports are pure`)];
  }
  // What people write into a trigger is CEL and RE2: evaluating either needs no machine.
  const isTriggers = isIn("src/core/trigger") && /^(@marcbachmann\/cel-js|re2js)$/.test(name);
  if (isIn("src/core") && !isTriggers && !/^(zod|yaml|@noble\/hashes\/.*)$/.test(name)) {
    return [violation(file, line, `${name} in the core: it holds pure code, and zod, yaml and hashes only`)];
  }
  return [];
}

/** Nothing in the core waits. */
export function waitingCore(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter((file) => file.path.startsWith("src/core/") && !TESTING.test(file.path))
    .flatMap((file) =>
      [...file.code.matchAll(/\b(async|await)\b|\bPromise\b/g)].map((match) =>
        violation(
          file,
          file.code.slice(0, match.index).split("\n").length,
          "the core is pure: waiting is the engine's",
        ),
      ),
    );
}

function violation(file: SourceFile, line: number, message: string): Violation {
  return { file: file.path, line, message };
}
