import { err, ok, type Result } from "../values/result.ts";
import { letsFilesThrough } from "./file-filter.ts";
import { parsePattern } from "./safe-pattern.ts";
import type { RepositoryEvents, TriggerSettings } from "./trigger.ts";

/** What happened in a repository, told by its host. */
export type ScmEvent = {
  /** `owner/name`. */
  readonly repository: string;
  readonly commit: string;
} & (
  | {
      readonly kind: "push";
      readonly to: "branch" | "tag";
      readonly name: string;
      readonly changedFiles: readonly string[];
    }
  | {
      readonly kind: "pull-request";
      readonly number: number;
      /** The branch that is to be merged, and the one into which. */
      readonly head: string;
      readonly base: string;
      readonly headUrl: string;
      readonly author: "insider" | "outsider";
    }
);

/** The events of a repository that the trigger waits for; undefined for one that waits for something else. */
export function repositoryEvents(settings: TriggerSettings): RepositoryEvents | undefined {
  return (
    settings.github ??
    settings.repositoryEventConfig ??
    settings.bitbucketServerTriggerConfig ??
    settings.gitlabEnterpriseEventsConfig ??
    settings.developerConnectEventConfig
  );
}

/** Whether the event starts the trigger's build, or why it does not. A pull request's files are looked at by git. */
export function matchEvent(settings: TriggerSettings, event: ScmEvent): Result<void, string> {
  const named = matchName(repositoryEvents(settings) ?? {}, event);
  return named.ok && event.kind === "push" ? matchFiles(settings, event.changedFiles) : named;
}

/** Whether a change of these files is one that the trigger builds for. */
export function matchFiles(settings: TriggerSettings, changedFiles: readonly string[]): Result<void, string> {
  const isLetThrough = letsFilesThrough(settings, changedFiles);
  return isLetThrough ? ok(undefined) : err("no changed file is one that the trigger builds for");
}

function matchName({ push, pullRequest }: RepositoryEvents, event: ScmEvent): Result<void, string> {
  if (event.kind === "push") {
    const wanted = event.to === "branch" ? push?.branch : push?.tag;
    if (wanted === undefined) return err(`the trigger is for no push of a ${event.to}`);
    return fits({ what: event.to, name: event.name, wanted, isInverted: push?.invertRegex === true });
  }
  if (pullRequest?.branch === undefined) return err("the trigger is for no pull request");
  const { branch: wanted, commentControl = "COMMENTS_DISABLED", invertRegex } = pullRequest;
  const isAsked =
    commentControl === "COMMENTS_ENABLED" || (commentControl !== "COMMENTS_DISABLED" && event.author === "outsider");
  if (isAsked) return err("the trigger waits for a comment /gcbrun, which is not told here");
  return fits({ what: "branch", name: event.base, wanted, isInverted: invertRegex === true });
}

function fits(asked: { what: string; name: string; wanted: string; isInverted: boolean }): Result<void, string> {
  const pattern = parsePattern(asked.wanted);
  if (!pattern.ok) return pattern;
  const { what, name, wanted, isInverted } = asked;
  if (pattern.value(name) !== isInverted) return ok(undefined);
  return err(`${what} ${name} ${isInverted ? "matches" : "does not match"} ${wanted}`);
}

/** What an event gives to the keys of its build. A branch and a tag exclude each other; a pull request's is its head. */
export function builtInsOfEvent(event: ScmEvent): Readonly<Record<string, string>> {
  const common = {
    COMMIT_SHA: event.commit,
    REVISION_ID: event.commit,
    SHORT_SHA: event.commit.slice(0, 7),
    REPO_NAME: event.repository.slice(event.repository.lastIndexOf("/") + 1),
    REPO_FULL_NAME: event.repository,
  };
  if (event.kind === "push") {
    return { ...common, REF_NAME: event.name, [event.to === "branch" ? "BRANCH_NAME" : "TAG_NAME"]: event.name };
  }
  return { ...common, REF_NAME: event.head, BRANCH_NAME: event.head };
}

/** A pull request's own keys, which stand among the user's. */
export function userKeysOfEvent(event: ScmEvent): Readonly<Record<string, string>> {
  if (event.kind === "push") return {};
  const { head, base, headUrl, number } = event;
  return { _HEAD_BRANCH: head, _BASE_BRANCH: base, _HEAD_REPO_URL: headUrl, _PR_NUMBER: String(number) };
}
