import type { Environment } from "../platform/platform.ts";
import type { Problem, Where } from "../values/problem.ts";
import type { PlannedConnections } from "./plan.ts";

interface Details {
  readonly summary: string;
  readonly why: string;
  readonly fix: string;
  readonly where?: Where | undefined;
}

function error(code: string, { summary, why, fix, where }: Details): Problem {
  return { code, severity: "error", summary, ...(where === undefined ? {} : { where }), why: [why], fix };
}

/** Something of another environment in what a service would get. */
export function valueForeign(found: {
  /** Of the platform file: `services.api.env.INDEX`. */
  readonly place: string;
  readonly identifier: string;
  readonly owner: string;
  readonly environment: string;
}): Problem {
  const { place, identifier, owner, environment } = found;
  return error("identifier-foreign", {
    summary: `"${identifier}" in ${place} does not belong to ${environment}.`,
    why: `It belongs to ${owner}; a release to ${environment} must not touch it.`,
    fix: `Give each environment its own with \${overrides.<name>}, or add it to environments.${environment}.boundary.shares.`,
  });
}

/** A pinned image was made from other source than the manifest's commit. */
export function imageNotFromCommit(image: string, module: string, where?: Where): Problem {
  return error("image-not-from-commit", {
    summary: `Image "${image}" is pinned to a digest that was not built from this manifest's commit of ${module}.`,
    where,
    why: "The digest and the commit name different source, so nobody could say what would run.",
    fix: `Remove the digest from images.${image}, so that it is built, or put the commit back that it was built from.`,
  });
}

/** A pinned image is not in the environment's registry. */
export function imageMissing(image: string, reference: string, where?: Where): Problem {
  return error("image-missing", {
    summary: `Image "${image}" is pinned to a digest that the registry does not have.`,
    where,
    why: `${reference} was asked for and is not there.`,
    fix: `Remove the digest from images.${image}, so that it is built, or push the image first.`,
  });
}

/** An image without a digest, for an environment that takes digests only. */
export function imageNotPinned(image: string, environment: string, promoteFrom: string, where?: Where): Problem {
  return error("image-not-pinned", {
    summary: `Image "${image}" has no digest, and ${environment} takes images by digest only.`,
    where,
    why: `What runs in ${environment} is what ${promoteFrom} has proved; nothing is built for it.`,
    fix: `Let the manifest be derived: mobius promote <release> --to ${environment}; or write the proved digest into images.${image}.`,
  });
}

/** An image that only a container builder could make. */
export function imageBuildUnsupported(image: string): Problem {
  return error("image-build-unsupported", {
    summary: `Image "${image}" has to be built from its Dockerfile, which this version does not do.`,
    why: "Only source builds run so far, and no image is there for this commit.",
    fix: `Build and push it yourself and pin its digest in the manifest's images.${image}, or give it a source build.`,
  });
}

/** The platform's `include` names something that the commit does not have. */
export function sourceFileMissing(image: string, file: string, module: string, where?: Where): Problem {
  return error("source-file-missing", {
    summary: `Image "${image}" includes "${file}", which the commit of ${module} does not have.`,
    where,
    why: "An image without a file that it names would fail when it starts.",
    fix: `Correct images.${image}.build.source.include in mobius.yaml, or name a commit that has the file.`,
  });
}

/** A secret that a service needs has no enabled version. */
export function secretMissing(
  secret: string,
  service: string,
  variable: string,
  environment: Pick<Environment, "name" | "project">,
): Problem {
  return error("secret-missing", {
    summary: `Secret "${secret}" has no version in ${environment.project}, and service "${service}" needs it as ${variable}.`,
    why: "A service without its secret would start without its configuration, or not at all.",
    fix: `Create it: mobius secret set ${secret} --env ${environment.name} (the value is read from standard input).`,
  });
}

/** An expression refers to an override that the manifest does not give. */
export function overrideMissing(name: string, service: string, variable: string): Problem {
  return error("override-missing", {
    summary: `Service "${service}" needs env override "${name}" for ${variable}, and the manifest does not give it.`,
    why: "Declared configuration is complete, or the release does not start: no variable is left out silently.",
    fix: `Add env_overrides.${name} to the manifest.`,
  });
}

/** A live variable that nobody declared would vanish. */
export function variableUndeclared(service: string, variable: string): Problem {
  return error("variable-undeclared", {
    summary: `Service "${service}" runs with variable ${variable}, which mobius.yaml does not declare.`,
    why: "Somebody set it by hand. Deploying what is declared would lose it without a word.",
    fix: `Add ${variable} to services.${service}.env in mobius.yaml, or say that it may go: --drop ${service}.${variable}`,
  });
}

/** A migration that the manifest names is not in the module's repository. */
export function migrationMissing(path: string, module: string, where: Where): Problem {
  return error("migration-missing", {
    summary: `Migration "${path}" is not in ${module} at this manifest's commit.`,
    where,
    why: "A migration is a file of the very commit that is released.",
    fix: "Correct the name, or name a commit that has the file.",
  });
}

/** A migration was applied from a file that has changed since. */
export function appliedMigrationChanged(path: string, database: string, where: Where): Problem {
  return error("applied-migration-changed", {
    summary: `Migration "${path}" was applied to ${database} from a file that reads differently now.`,
    where,
    why: "The migration ledger's checksum differs from the file's, so the schema and the file no longer say the same.",
    fix: "Put the applied file back and write the change as a new migration.",
  });
}

/** An earlier migration was interrupted and nobody has settled it. */
export function migrationUnsettled(environment: string, identifier: string, database: string): Problem {
  return error("migration-unsettled", {
    summary: `Migration "${identifier}" was started on ${database} and never finished.`,
    why: "It may be half applied; anything that follows would build on unknown ground.",
    fix: `Look at ${database}, then say how it stands. Where all of it is there: mobius migrations resolve ${environment} ${identifier} --applied --reason "…"; where nothing of it is left: the same with --not-applied.`,
  });
}

/** A module's commit is in no branch or tag of its remote. */
export function commitNotPushed(module: string, ref: string, url: string, where?: Where): Problem {
  return error("commit-not-pushed", {
    summary: `Commit "${ref}" of ${module} is not at its remote.`,
    where,
    why: `No branch or tag of ${url} leads to it, so no other machine could build the same source.`,
    fix: `Push it: git -C <${module}> push origin <branch>, or name a commit that is there.`,
  });
}

/** A short commit id fits more than one commit. */
export function commitAmbiguous(module: string, ref: string, where?: Where): Problem {
  return error("commit-ambiguous", {
    summary: `"${ref}" of ${module} fits more than one commit.`,
    where,
    why: "A release names each commit exactly.",
    fix: "Write the full commit id: mobius manifest pin <manifest>",
  });
}

/** A repository does not answer. */
export function repositoryUnreachable(module: string, url: string, reason: string): Problem {
  return error("repository-unreachable", {
    summary: `The repository of ${module} does not answer.`,
    why: `${url}: ${reason}`,
    fix: "Check the address in mobius.yaml and the credentials, then run this again.",
  });
}

/** More connections than a database takes: the last instance would be refused, or the release's migration. */
export function connectionsExceeded(environment: string, connections: PlannedConnections): Problem {
  const { needed, limit } = connections;
  return {
    code: "connections-exceeded",
    severity: "error",
    summary: `A release to ${environment} may need ${needed} connections at ${placeOf(connections)}, which takes ${limit}.`,
    why: [`At the worst moment these are open at once: ${connections.parts.join(", ")}.`],
    fix: connectionsFix(environment, connections),
  };
}

/** So many connections that little more would be too many. */
export function connectionsNear(environment: string, connections: PlannedConnections): Problem {
  const { needed, limit } = connections;
  return {
    code: "connections-near",
    severity: "warning",
    summary: `A release to ${environment} may need ${needed} of the ${limit} connections that ${placeOf(connections)} takes.`,
    why: [`At the worst moment these are open at once: ${connections.parts.join(", ")}.`],
    fix: connectionsFix(environment, connections),
  };
}

function placeOf({ database }: PlannedConnections): string {
  return database === undefined ? "the databases' server" : `database ${database}`;
}

function connectionsFix(environment: string, { database }: PlannedConnections): string {
  const limit =
    database === undefined
      ? "raise max_connections of the server"
      : `raise its limit and environments.${environment}.databases.${database}.maxConnections`;
  return `Lower run.maxInstances or pool of the services that are named, or ${limit}.`;
}
