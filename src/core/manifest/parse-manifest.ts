/**
 * Parses a release manifest and checks it against the platform file: the one place that knows the forms in which people
 * write manifests. Begin with `parseManifest`.
 */
import type { Environment, Platform } from "../platform/platform.ts";
import { artifactOf } from "../platform/platform.ts";
import { credentialInPlainText } from "../platform/problems.ts";
import type { Checked } from "../values/checked.ts";
import { holdsCredential } from "../values/looks-like-credential.ts";
import type { Problem } from "../values/problem.ts";
import { checkShape } from "../yaml/check-shape.ts";
import { closest } from "../yaml/closest.ts";
import { emptyEntries } from "../yaml/empty-entries.ts";
import { valueInvalid } from "../yaml/problems.ts";
import { readYaml, type YamlFile, type YamlPath } from "../yaml/read-yaml.ts";
import { decideEnvironment } from "./decide-environment.ts";
import { foreignTo } from "./environment-identifiers.ts";
import { environmentOfProject, projectOfRepository } from "./environments.ts";
import { parseImageReference } from "./image-reference.ts";
import type { ImageReference, Located, Manifest, MigrationName } from "./manifest.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { isOfType, isPlaceholder, isPlaceholderLine, isRef, isReleaseId } from "./manifest-texts.ts";
import { parseMigration } from "./parse-migrations.ts";
import {
  identifierForeign,
  imageDigestsDiffer,
  imageLatest,
  imageReferenceInvalid,
  migrationRepeated,
  migrationsUndeclared,
  moduleInUmbrella,
  nameUnknown,
  overrideInvalid,
  placeholderLeft,
  refInvalid,
} from "./problems.ts";
import { readSection, type SectionName, type SectionValue } from "./read-section.ts";

/** Parses and checks. `file` is the manifest's path beneath the umbrella. Every problem is found at once. */
export function parseManifest(input: {
  readonly text: string;
  readonly file: string;
  readonly platform: Platform;
}): Checked<Manifest> {
  const read = readYaml(input.text, input.file);
  if (!read.ok) return { ok: false, problems: read.error };
  return new ManifestParser(read.value, input.platform).parse();
}

class ManifestParser {
  readonly #file: YamlFile;
  readonly #platform: Platform;
  readonly #problems: Problem[] = [];
  readonly #rewrites: { where: Located<string>["where"]; from: string; to: string }[] = [];

  constructor(file: YamlFile, platform: Platform) {
    this.#file = file;
    this.#platform = platform;
  }

  parse(): Checked<Manifest> {
    const shape = checkShape(this.#file, manifestSchema);
    if (!shape.ok) this.#problems.push(...shape.error);
    this.#problems.push(...emptyEntries(this.#file));
    const releaseId = this.#releaseId();
    const environment = this.#environment(releaseId);
    const manifest: Manifest = {
      file: this.#file.file,
      releaseId,
      description: this.#prose(this.#section("description") ?? "", ["description"]),
      environment: environment?.name ?? "",
      commits: this.#commits(),
      images: this.#images(environment),
      migrations: this.#migrations(),
      featureFlags: this.#flags(),
      envOverrides: this.#overrides(environment),
      verification: this.#verification(environment),
      notes: (this.#section("notes") ?? []).map((note, index) => this.#prose(note, ["notes", index])),
      rewrites: this.#rewrites,
    };
    const errors = this.#problems.filter((problem) => problem.severity === "error");
    const [first, ...rest] = errors.sort(byPlace);
    if (first !== undefined) return { ok: false, problems: [first, ...rest] };
    return { ok: true, value: manifest, warnings: this.#problems };
  }

  #section<K extends SectionName>(key: K): SectionValue<K> | undefined {
    return readSection(this.#file, key);
  }

  #releaseId(): Located<string> {
    const id = this.#located(this.#section("release_id") ?? "", ["release_id"]);
    if (id.value !== "" && !isPlaceholder(id.value) && !isReleaseId(id.value)) {
      this.#problems.push(valueInvalid(id.where, "it must be letters, digits and . _ -, at most 100 characters"));
    }
    return id;
  }

  #prose(value: string, path: YamlPath): string {
    if (isPlaceholderLine(value)) this.#problems.push(placeholderLeft(this.#file.whereOf(path), value));
    return value;
  }

  #located(value: string, path: YamlPath): Located<string> {
    const where = this.#file.whereOf(path);
    if (isPlaceholder(value)) this.#problems.push(placeholderLeft(where, value));
    return { value, where };
  }

  #verification(environment: Environment | undefined): Manifest["verification"] {
    const { verify_script, qa_suite, dbt_test } = this.#section("verification") ?? { dbt_test: false };
    return {
      ...this.#command("verifyScript", verify_script, ["verification", "verify_script"], environment),
      ...this.#command("qaSuite", qa_suite, ["verification", "qa_suite"], environment),
      dbtTest: dbt_test,
    };
  }

  /** A command line; one that names another environment's project would judge, or change, that one. */
  #command<K extends string>(
    key: K,
    value: string | undefined,
    path: YamlPath,
    environment: Environment | undefined,
  ): Record<K, Located<string>> | object {
    if (value === undefined) return {};
    const located = this.#located(value, path);
    this.#checkOwner(located, environment);
    return { [key]: located };
  }

  #checkOwner({ value, where }: Located<string>, environment: Environment | undefined): void {
    if (environment === undefined) return;
    const [foreign] = foreignTo(this.#platform, environment)(value);
    if (foreign !== undefined)
      this.#problems.push(identifierForeign(where, value, foreign.owner.name, environment.name));
  }

  #environment(releaseId: Located<string>): Environment | undefined {
    const stated = this.#section("environment");
    const { environment, problems } = decideEnvironment(this.#platform, {
      releaseId,
      stated: stated === undefined ? undefined : this.#located(stated, ["environment"]),
      repositories: Object.values(this.#section("images") ?? {}),
      instance: this.#section("env_overrides")?.cloudsql_connection_name,
    });
    this.#problems.push(...problems);
    return environment;
  }

  #commits(): Manifest["commits"] {
    const { modules } = this.#platform;
    const entries = Object.entries(this.#section("commits") ?? {}).flatMap(([module, ref]) => {
      const path = ["commits", module];
      const located = this.#located(ref, path);
      if (!this.#isKnown("module", module, modules, path)) return [];
      if (modules[module]?.source.kind === "umbrella") this.#problems.push(moduleInUmbrella(located.where, module));
      if (!isPlaceholder(ref) && !isRef(ref)) this.#problems.push(refInvalid(located.where, ref));
      return [[module, located] as const];
    });
    return Object.fromEntries(entries);
  }

  #images(environment: Environment | undefined): Manifest["images"] {
    const images: Record<string, Located<ImageReference>> = {};
    for (const [name, written] of Object.entries(this.#section("images") ?? {})) {
      const path = ["images", name];
      const { where } = this.#located(written, path);
      const isKnown = this.#isKnown("image", name, this.#platform.images, path);
      if (isPlaceholder(written)) continue;
      const reference = parseImageReference(written);
      if (reference === undefined) {
        this.#problems.push(imageReferenceInvalid(where, written));
        continue;
      }
      if (reference.tag === "latest") this.#problems.push(imageLatest(where, name));
      const repository = this.#ownRepository(reference.repository, environment, where);
      if (isKnown) images[name] = { value: { ...reference, repository }, where };
    }
    this.#checkArtifacts(images);
    return images;
  }

  /** The repository in the environment's own project: an alias is rewritten, another environment's is refused. */
  #ownRepository(repository: string, environment: Environment | undefined, where: Located<string>["where"]): string {
    if (environment === undefined || repository.startsWith(`${environment.registry}/`)) return repository;
    const project = projectOfRepository(repository) ?? "";
    if (environment.aliases.projects.includes(project)) {
      const rewritten = repository.replace(`/${project}/`, `/${environment.project}/`);
      this.#rewrites.push({ where, from: repository, to: rewritten });
      return rewritten;
    }
    const owner = environmentOfProject(this.#platform, project)?.name ?? "no environment of mobius.yaml";
    if (owner !== environment.name) this.#problems.push(identifierForeign(where, repository, owner, environment.name));
    return repository;
  }

  /** Ruling 4: keys that are one artifact need one digest. */
  #checkArtifacts(images: Readonly<Record<string, Located<ImageReference>>>): void {
    const pinned = new Map<string, { name: string; digest: string }>();
    for (const [name, { value, where }] of Object.entries(images)) {
      if (value.digest === undefined) continue;
      const artifact = artifactOf(this.#platform, name).name;
      const other = pinned.get(artifact);
      if (other !== undefined && other.digest !== value.digest) {
        this.#problems.push(imageDigestsDiffer(where, other.name, name));
      }
      pinned.set(artifact, { name, digest: value.digest });
    }
  }

  #migrations(): Manifest["migrations"] {
    const migrations: Record<string, readonly MigrationName[]> = {};
    for (const [module, written] of Object.entries(this.#section("migrations") ?? {})) {
      const path = ["migrations", module];
      const settings = this.#platform.modules[module]?.migrations;
      if (!this.#isKnown("module", module, this.#platform.modules, path)) continue;
      if (settings === undefined) {
        this.#problems.push(migrationsUndeclared(this.#file.whereOfKey(path), module));
        continue;
      }
      const entries =
        typeof written === "string"
          ? [[written, path] as const]
          : written.map((each, index) => [each, [...path, index]] as const);
      migrations[module] = entries.flatMap(([each, place]) => {
        const located = this.#located(each, place);
        if (isPlaceholder(each)) return [];
        if (typeof written !== "string" && written.indexOf(each) !== place.at(-1)) {
          this.#problems.push(migrationRepeated(located.where, each));
          return [];
        }
        const parsed = parseMigration(each, settings, located.where);
        if (!("code" in parsed)) return [parsed];
        this.#problems.push(parsed);
        return [];
      });
    }
    return migrations;
  }

  #flags(): Manifest["featureFlags"] {
    const entries = Object.entries(this.#section("feature_flags") ?? {}).flatMap(([name, value]) => {
      const path = ["feature_flags", name];
      return this.#isKnown("flag", name, this.#platform.flags, path)
        ? [[name, { value, where: this.#file.whereOf(path) }] as const]
        : [];
    });
    return Object.fromEntries(entries);
  }

  #overrides(environment: Environment | undefined): Manifest["envOverrides"] {
    const entries = Object.entries(this.#section("env_overrides") ?? {}).flatMap(([name, value]) => {
      const path = ["env_overrides", name];
      const located = this.#located(value, path);
      if (!this.#isKnown("override", name, this.#platform.overrides, path)) return [];
      const type = this.#platform.overrides[name]?.type ?? "string";
      if (!isPlaceholder(value) && !isOfType(value, type))
        this.#problems.push(overrideInvalid(located.where, name, type));
      if (holdsCredential(value)) this.#problems.push(credentialInPlainText(located.where, name));
      this.#checkOwner(located, environment);
      return [[name, located] as const];
    });
    return Object.fromEntries(entries);
  }

  #isKnown(kind: string, name: string, known: Readonly<Record<string, unknown>>, path: YamlPath): boolean {
    if (Object.hasOwn(known, name)) return true;
    this.#problems.push(nameUnknown(this.#file.whereOfKey(path), kind, name, closest(name, Object.keys(known))));
    return false;
  }
}

function byPlace(a: Problem, b: Problem): number {
  const [from, to] = [a.where, b.where];
  return (from?.line ?? 0) - (to?.line ?? 0) || (from?.column ?? 0) - (to?.column ?? 0);
}
