import type { Problem } from "../core/values/problem.ts";

function error(code: string, summary: string, why: string, fix: string): Problem {
  return { code, severity: "error", summary, why: [why], fix };
}

/** Nothing answers at the server's address. */
export function serverUnreachable(url: string, reason: string): Problem {
  return error(
    "server-unreachable",
    `No server answers at ${url}.`,
    reason,
    "Start one: mobius serve, or name another one with --server.",
  );
}

/** A file that is not there. */
export function fileNotFound(path: string): Problem {
  return error(
    "file-not-found",
    `There is no file "${path}".`,
    "It is looked for beneath the umbrella.",
    "Correct the path, or name the umbrella with --dir.",
  );
}

/** No environment has such a trigger. */
export function triggerUnknown(name: string): Problem {
  return error(
    "trigger-unknown",
    `There is no trigger "${name}".`,
    "It is looked for in every environment's project.",
    "Look at those that there are: mobius trigger list",
  );
}

/** A command that names no release, where it is not clear which one is meant. */
export function releaseUnclear(why: string): Problem {
  return error(
    "release-unclear",
    "It is not clear which release is meant.",
    why,
    "Name it; they are listed by: mobius status",
  );
}

/** A path that leads out of the umbrella. */
export function pathOutside(path: string, directory: string): Problem {
  return error(
    "path-outside",
    `"${path}" is not beneath the umbrella.`,
    `The umbrella is ${directory}.`,
    "Name a file beneath it, or another umbrella with --dir.",
  );
}

/** No platform file in this folder or one above. */
export function umbrellaNotFound(directory: string): Problem {
  return error(
    "umbrella-not-found",
    "There is no mobius.yaml here or in a folder above.",
    `It was looked for from ${directory} upwards.`,
    "Go to the umbrella, or name it with --dir.",
  );
}

/** A manifest with changes that no commit holds. */
export function manifestNotCommitted(path: string): Problem {
  return error(
    "manifest-not-committed",
    `"${path}" is not committed as it stands.`,
    "A release reads its manifest from a commit, so that it can be traced.",
    `Commit it: git add ${path} && git commit`,
  );
}

/** A manifest whose commit is nowhere but here. */
export function manifestNotPushed(path: string): Problem {
  return error(
    "manifest-not-pushed",
    `The commit that holds "${path}" is not pushed.`,
    "The umbrella has a remote, and a release must be traceable to what everybody can read.",
    "Push it: git push",
  );
}

/** A file that would be written over. */
export function fileExists(path: string): Problem {
  return error(
    "file-exists",
    `"${path}" is there already.`,
    "A command writes over nothing that it has not written itself.",
    "Choose another name with --name, or remove the file.",
  );
}

/** The connection of a step ended before the answer did: the server may have died. */
export function phaseAnswerLost(): Problem {
  return error(
    "phase-answer-lost",
    "The server's answer broke off.",
    "It may have been stopped in the middle of the phase; what it did is in its event log.",
    "Start the server again: it goes on with the release.",
  );
}

/** `--ref` names a module that has no repository in the platform file. */
export function refOfNoModule(module: string, nearest: string | undefined): Problem {
  return error(
    "name-unknown",
    `mobius.yaml has no module "${module}" with a repository of its own.`,
    "A ref says which commit of a module's repository is released.",
    nearest === undefined ? "Correct --ref, which is written module=ref." : `Did you mean --ref ${nearest}=…?`,
  );
}

/** Nothing came in where a secret's value was to come. */
export function secretEmpty(name: string, environment: string): Problem {
  return error(
    "secret-empty",
    `Secret "${name}" was given no value.`,
    "The value is read from standard input, and nothing stood there.",
    `Pipe it in: printf '%s' "$VALUE" | mobius secret set ${name} --env ${environment}`,
  );
}

/** More bytes than a version of a secret can have. */
export function secretTooLarge(name: string, limitBytes: number): Problem {
  return error(
    "secret-too-large",
    `The value of secret "${name}" is larger than ${limitBytes} bytes.`,
    "Secret Manager takes no more in one version.",
    "Keep the file elsewhere, and its key or password in the secret.",
  );
}

/** A trigger that could not work; nothing was made. */
export function triggerInvalid(name: string, reason: string): Problem {
  return error(
    "trigger-invalid",
    `Trigger "${name}" cannot be made as it was asked for.`,
    reason,
    "Correct what the reason names. What a trigger may have: mobius trigger create --help",
  );
}

/** A freeze that nobody said the end of. */
export function freezeWithoutEnd(environment: string): Problem {
  return error(
    "freeze-without-end",
    `The freeze of ${environment} has no end.`,
    "A freeze ends by itself, so that nobody finds it years later; what has no end is a hold.",
    `Give --until, such as 2027-01-02T00:00:00Z or 36h; or hold it: mobius hold ${environment} --reason "…"`,
  );
}

/** A dirty migration is to be settled, and nobody says how it stands; or both ways at once. */
export function outcomeUnsaid(environment: string, migration: string): Problem {
  return error(
    "outcome-unsaid",
    `It is not said how "${migration}" stands in ${environment}.`,
    "Only a person who has looked at the database knows, and exactly one answer settles it.",
    "Give --applied where all of it is there, --not-applied where nothing of it is left.",
  );
}

/** What a database has already is said in no way, or in several. */
export function baselineUnsaid(environment: string): Problem {
  return error(
    "baseline-unsaid",
    `It is not said what the database in ${environment} has already.`,
    "Another tool's table says it, or a person does, and exactly one answer counts.",
    "Give one of --from schema_migrations, --from alembic_version, --through <migration>, or --only <migration> for each.",
  );
}

/** Neither a release nor `--latest`, or both. */
export function promotionUnclear(environment: string): Problem {
  return error(
    "promotion-unclear",
    `It is not clear what is to be promoted to ${environment}.`,
    "It takes a release, or --latest for what the environment before has now, and not both.",
    `Write mobius promote --latest --to ${environment}, or name a release: mobius status`,
  );
}

/** `--set` without its `=`. */
export function overrideUnreadable(text: string): Problem {
  return error(
    "override-unreadable",
    `"${text}" sets no override.`,
    "It is written name=value.",
    `Write --set ${text}=…, with a name of overrides in mobius.yaml.`,
  );
}

/** `--as` names somebody whose token is not kept in this account. */
export function personUnknown(name: string, folder: string): Problem {
  return error(
    "person-unknown",
    `No token of "${name}" is kept here.`,
    `It is looked for in ${folder}, where only this account can read.`,
    `Make one as an admin: mobius token create ${name} --role <role> --keep`,
  );
}

/** A row of the audit log is not as it was written. */
export function auditBroken(number: number, reason: string): Problem {
  return error(
    "audit-broken",
    `The audit log is broken at row ${number}.`,
    `${reason[0]?.toUpperCase()}${reason.slice(1)}.`,
    "Keep the database as it is, find out who could write to it, and compare with an earlier export: mobius audit export",
  );
}

/** One of Google's APIs refused a call, with its own words. */
export function cloudRefused(status: number, message: string): Problem {
  return error(
    "cloud-refused",
    `The cloud refused the call with ${status}.`,
    message,
    "Correct what the message names.",
  );
}

/** A module that is not there, or that has no script to look at. */
export function moduleWithoutScript(module: string, nearest: string | undefined): Problem {
  return error(
    "module-without-script",
    `mobius.yaml has no script of a module "${module}".`,
    "The script of a module stands under modules.<name>.script.",
    nearest === undefined || nearest === module
      ? "Name the script with --script, relative to the module's folder."
      : `Did you mean "${nearest}"?`,
  );
}

/** A script that a module does not have where it is run: at the commit that the umbrella links. */
export function scriptNotThere(module: string, path: string, commit: string): Problem {
  return error(
    "script-not-there",
    `${module} has no ${path} at ${commit.slice(0, 12)}, which is the commit that the umbrella has it at.`,
    "What is committed is run, from a clean checkout, and never what lies in a working folder.",
    "Correct the path, or push the script and commit the module's new commit to the umbrella.",
  );
}
