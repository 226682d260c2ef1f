import type { NonEmpty, Problem, Where } from "../values/problem.ts";

interface Details {
  readonly summary: string;
  readonly why: string;
  readonly fix: string;
}

function error(code: string, where: Where, { summary, why, fix }: Details): Problem {
  return { code, severity: "error", summary, where, why: [why], fix };
}

/** A placeholder of the template is still there. */
export function placeholderLeft(where: Where, value: string): Problem {
  return error("placeholder-left", where, {
    summary: `"${value}" is a placeholder.`,
    why: "The template's placeholders mark what a release has to say.",
    fix: "Replace it by the real value, or remove the line.",
  });
}

/** A key that names nothing in the platform file. */
export function nameUnknown(where: Where, kind: string, name: string, nearest: string | undefined): Problem {
  return error("name-unknown", where, {
    summary: `mobius.yaml has no ${kind} "${name}".`,
    why: "A manifest may only name what the platform file declares.",
    fix: nearest === undefined ? "Declare it in mobius.yaml, or remove the line." : `Did you mean "${nearest}"?`,
  });
}

/** Something that belongs to another environment, or to none that is known. */
export function identifierForeign(where: Where, value: string, owner: string, environment: string): Problem {
  return error("identifier-foreign", where, {
    summary: `"${value}" does not belong to ${environment}.`,
    why: `It belongs to ${owner}; a release to ${environment} must not touch it.`,
    fix: `Use ${environment}'s own, or add it to environments.${environment}.boundary.owns.`,
  });
}

/** Nothing says, or contradictory things say, which environment the manifest is for. */
export function environmentUnclear(where: Where, why: string, names: readonly string[]): Problem {
  return error("environment-unclear", where, {
    summary: "The manifest does not say which environment it is for.",
    why,
    fix: `Let release_id end in one of -${names.join(", -")}, or add the key environment.`,
  });
}

/** A ref that git could not take. */
export function refInvalid(where: Where, ref: string): Problem {
  return error("ref-invalid", where, {
    summary: `"${ref}" is no commit, tag or branch.`,
    why: "A ref begins with a letter or digit and holds letters, digits and . _ / + -.",
    fix: "Write a full commit id.",
  });
}

/** An image reference without tag and digest, or of no known form. */
export function imageReferenceInvalid(where: Where, value: string): Problem {
  return error("image-reference-invalid", where, {
    summary: `"${value}" is no image reference.`,
    why: "It needs the form registry/repository:tag or registry/repository@sha256:….",
    fix: "Add the tag or the digest.",
  });
}

/** Keys that are one artifact are pinned to different digests. */
export function imageDigestsDiffer(where: Where, first: string, second: string): Problem {
  return error("image-digests-differ", where, {
    summary: `Images "${first}" and "${second}" are one artifact and are pinned to different digests.`,
    why: "mobius.yaml says that they are built once.",
    fix: "Give both the same digest.",
  });
}

/** A tag that everybody moves. */
export function imageLatest(where: Where, image: string): Problem {
  return {
    code: "image-latest",
    severity: "warning",
    summary: `Image "${image}" is named by the tag latest.`,
    where,
    why: ["The tag moves with every build, so it says nothing about what is released."],
    fix: "Name a tag of your own: it is pinned to a digest when the release is recorded.",
  };
}

/** Migrations for a module that has no database. */
export function migrationsUndeclared(where: Where, module: string): Problem {
  return error("migrations-undeclared", where, {
    summary: `Module "${module}" has no migrations in mobius.yaml.`,
    why: "The platform file has to say which database and kind they are.",
    fix: `Add modules.${module}.migrations to mobius.yaml, or remove the line.`,
  });
}

/** A migration that is neither an id nor a path of the module. */
export function migrationInvalid(where: Where, value: string, why: string): Problem {
  return error("migration-invalid", where, {
    summary: `"${value}" is no migration.`,
    why,
    fix: "Write sql:<file>, python:<module>, a path in the module or an id; or remove the line.",
  });
}

/** A migration that a list names again. */
export function migrationRepeated(where: Where, value: string): Problem {
  return error("migration-repeated", where, {
    summary: `The list names migration "${value}" twice.`,
    why: "A migration runs once; the second line may have been meant for another one.",
    fix: "Remove the line, or name the other migration.",
  });
}

/** An override whose value is not of its type. */
export function overrideInvalid(where: Where, name: string, type: string): Problem {
  return error("override-invalid", where, {
    summary: `env override "${name}" is no ${type}.`,
    why: `mobius.yaml says that it is a ${type}.`,
    fix: "Correct the value.",
  });
}

/** A manifest that is to be promoted is of another environment than the one that its target takes releases from. */
export function promotionSourceOther(file: string, environment: string, source: string): Problem {
  return {
    code: "promotion-source-other",
    severity: "error",
    summary: `The manifest ${file} is for ${environment}, not for ${source}.`,
    why: [`Only what was proved on ${source} is promoted from there.`],
    fix: `Name a release of ${source}, or its manifest.`,
  };
}

/** A manifest to start from that belongs to another environment. */
export function manifestEnvironmentOther(file: string, environment: string, wanted: string): Problem {
  return {
    code: "manifest-environment-other",
    severity: "error",
    summary: `The manifest ${file} is for ${environment}, not for ${wanted}.`,
    why: ["What is kept of it are values of its environment."],
    fix: `Start from one of ${wanted}; to bring a set from ${environment} to ${wanted}: mobius promote`,
  };
}

/** The release did not resolve a commit or an image that its manifest names. */
export function promotionUnpinned(where: Where, kind: "commit" | "image", name: string): Problem {
  return error("promotion-unpinned", where, {
    summary: `The release has no full ${kind === "commit" ? "commit" : "digest"} of ${kind} "${name}".`,
    why: "What is promoted is exactly what was verified: full commits and digests, nothing that could move.",
    fix: "Release this manifest again, and promote that release.",
  });
}

/** The manifest was changed after it was released. */
export function promotionManifestChanged(where: Where, name: string, pinned: string): Problem {
  return error("promotion-manifest-changed", where, {
    summary: `The manifest says something else of "${name}" than what was released.`,
    why: `The release verified ${pinned}.`,
    fix: "Put the line back, or release the changed manifest and promote that release.",
  });
}

/** An override's value is bound to the environment that is promoted, and nothing says what corresponds to it. */
export function overrideUnmapped(
  where: Where,
  override: { readonly name: string; readonly value: string },
  { source, target }: { readonly source: string; readonly target: string },
): Problem {
  const { name, value } = override;
  return error("override-unmapped", where, {
    summary: `env override "${name}" has a value of ${source}, and nothing says which one ${target} has.`,
    why: `"${value}" belongs to ${source}; a release to ${target} must not touch it.`,
    fix: `Add it to environments.${target}.overrides in mobius.yaml, or say it once: --set ${name}=<value>`,
  });
}

/** An override is given that the platform file does not declare. */
export function overrideUnknown(name: string, nearest: string | undefined): Problem {
  return {
    code: "override-unknown",
    severity: "error",
    summary: `mobius.yaml has no override "${name}".`,
    why: ["A value that nobody asks for would be lost without a word."],
    fix: nearest === undefined ? "Leave it out, or declare it in mobius.yaml." : `Did you mean "${nearest}"?`,
  };
}

/** A comment or remark still speaks of the other environment; nothing depends on it. */
export function identifierInRemark(where: Where, identifier: string, source: string): Problem {
  return {
    code: "identifier-in-remark",
    severity: "warning",
    summary: `A remark in the manifest names "${identifier}", which belongs to ${source}.`,
    where,
    why: ["Only values are mapped to another environment where nothing says what corresponds to them."],
    fix: "Reword it where it would mislead.",
  };
}

/** An image that is to be promoted has values of the environment that it was built in. */
export function imageEnvironmentBaked(
  image: string,
  source: string,
  found: NonEmpty<{ readonly place: string; readonly identifier: string }>,
): Problem {
  const [first, ...rest] = found;
  const more = rest.length === 0 ? "" : `, and ${rest.length} more like it`;
  return {
    code: "image-environment-baked",
    severity: "error",
    summary: `Image "${image}" has values of ${source} built into it.`,
    why: [
      `${first.place} says "${first.identifier}"${more}.`,
      `The same image runs in every environment, so this one would reach into ${source} from another.`,
    ],
    fix: "Let the program read it from a variable that mobius.yaml gives each environment, and release again.",
  };
}

/** An image could not be looked through to its end, so that nothing is known of the rest. */
export function imageNotSearched(image: string, limit: string): Problem {
  return {
    code: "image-not-searched",
    severity: "error",
    summary: `Image "${image}" could not be searched to its end for values of another environment.`,
    why: [`The search ended at its limit: ${limit}. What was not read may hold anything.`],
    fix: "Make the image smaller, or promote again when the registry answers faster.",
  };
}

/** A commit for a module that has no repository of its own (ruling 2). */
export function moduleInUmbrella(where: Where, module: string): Problem {
  return error("module-in-umbrella", where, {
    summary: `Module "${module}" lives in the umbrella and has no commit of its own.`,
    why: "Its source is the umbrella's, at the commit that holds this manifest.",
    fix: "Remove the line.",
  });
}
