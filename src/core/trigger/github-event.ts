import { z } from "zod";
import { err, ok, type Result } from "../values/result.ts";
import type { ScmEvent } from "./scm-event.ts";

const COMMIT = z.string().regex(/^[0-9a-f]{40}$/);
const REPOSITORY = z.object({ full_name: z.string() });
const FILES = z.array(z.string()).default([]);

const PUSH = z.object({
  ref: z.string(),
  after: COMMIT,
  repository: REPOSITORY,
  commits: z.array(z.object({ added: FILES, modified: FILES, removed: FILES })).default([]),
});

const PULL_REQUEST = z.object({
  action: z.string(),
  repository: REPOSITORY,
  pull_request: z.object({
    number: z.number(),
    author_association: z.string().default("NONE"),
    head: z.object({ ref: z.string(), sha: COMMIT, repo: REPOSITORY.extend({ html_url: z.string() }).nullish() }),
    base: z.object({ ref: z.string() }),
  }),
});

const NO_COMMIT = /^0+$/;
const BUILT_ACTIONS: ReadonlySet<string> = new Set(["opened", "synchronize", "reopened"]);
const INSIDERS: ReadonlySet<string> = new Set(["OWNER", "MEMBER", "COLLABORATOR"]);

/** What GitHub tells of a repository, by the name of the event; an error says why it starts nothing. */
export function readGithubEvent(name: string, payload: unknown): Result<ScmEvent, string> {
  if (name === "push") return readPush(payload);
  if (name === "pull_request") return readPullRequest(payload);
  return err(`${name === "" ? "an event without a name" : `an event ${name}`} starts nothing`);
}

function readPush(payload: unknown): Result<ScmEvent, string> {
  const parsed = PUSH.safeParse(payload);
  if (!parsed.success) return err("this is no push as GitHub tells it");
  const { ref, after, repository, commits } = parsed.data;
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref) ?? [];
  if (name === undefined) return err(`a push to ${ref} starts nothing`);
  if (NO_COMMIT.test(after)) return err(`${ref} was deleted`);
  const files = commits.flatMap(({ added, modified, removed }) => [...added, ...modified, ...removed]);
  return ok({
    kind: "push",
    repository: repository.full_name,
    commit: after,
    to: kind === "heads" ? "branch" : "tag",
    name,
    changedFiles: [...new Set(files)],
  });
}

function readPullRequest(payload: unknown): Result<ScmEvent, string> {
  const parsed = PULL_REQUEST.safeParse(payload);
  if (!parsed.success) return err("this is no pull request as GitHub tells it");
  const { action, repository, pull_request: asked } = parsed.data;
  if (!BUILT_ACTIONS.has(action)) return err(`a pull request that was ${action} starts nothing`);
  const { head, base, number, author_association: association } = asked;
  // Whoever can fork a repository could otherwise run a program of theirs as the project's build account.
  if (head.repo?.full_name !== repository.full_name) return err("a pull request of a fork is not built");
  return ok({
    kind: "pull-request",
    repository: repository.full_name,
    commit: head.sha,
    number,
    head: head.ref,
    base: base.ref,
    headUrl: head.repo.html_url,
    author: INSIDERS.has(association) ? "insider" : "outsider",
  });
}

const HEAD_COMMIT = z.object({ head_commit: z.object({ message: z.string() }) });

/** A push of what the server itself wrote back after a release: it must not start the next one. */
export function isWriteBack(payload: unknown): boolean {
  const parsed = HEAD_COMMIT.safeParse(payload);
  return parsed.success && /^Mobius-Release: /m.test(parsed.data.head_commit.message);
}
