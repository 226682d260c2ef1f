import { validateBuild } from "../build/validate-build.ts";
import { err, ok, type Result } from "../values/result.ts";
import { checkOwnValues } from "./check-values.ts";
import { parseGlob } from "./file-filter.ts";
import { parsePattern } from "./safe-pattern.ts";
import { repositoryEvents } from "./scm-event.ts";
import type { TriggerSettings } from "./trigger.ts";
import { parseFilter } from "./trigger-filter.ts";

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/;
/** Characters of JSON: as much as one document of the store can have, with room for what is kept beside it. */
const MAX_SIZE = 500_000;
const SECRET = /^projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+$/;

/** Kinds of events, of which a trigger has one; none of them is a manual trigger. */
const EVENTS = [
  "triggerTemplate",
  "github",
  "pubsubConfig",
  "webhookConfig",
  "repositoryEventConfig",
  "bitbucketServerTriggerConfig",
  "gitlabEnterpriseEventsConfig",
  "developerConnectEventConfig",
] as const;

/** Where a trigger's build comes from, of which it has one. */
const TEMPLATES = ["autodetect", "build", "filename", "gitFileSource"] as const;

/** What must hold of a trigger: the first complaint, in words of ours where Google's are not known. */
export function validateTrigger(settings: TriggerSettings): Result<void, string> {
  for (const check of [checkForm, checkEvents, checkSource, checkValues, checkBuild]) {
    const checked = check(settings);
    if (!checked.ok) return checked;
  }
  return ok(undefined);
}

function checkForm(settings: TriggerSettings): Result<void, string> {
  const { name = "" } = settings;
  if (!NAME.test(name)) {
    return err(`invalid trigger name ${JSON.stringify(name)}: 1 to 64 letters, digits and -, no - at its ends`);
  }
  if (JSON.stringify(settings).length > MAX_SIZE) return err(`a trigger has at most ${MAX_SIZE} characters`);
  const events = EVENTS.filter((field) => field in settings);
  if (events.length > 1) return err(`a trigger has one kind of event, not ${events.join(" and ")}`);
  const templates = TEMPLATES.filter((field) => field in settings);
  if (templates.length === 1) return ok(undefined);
  return err(`a trigger has one of ${TEMPLATES.join(", ")}, not ${templates.join(" and ") || "none"}`);
}

function checkEvents(settings: TriggerSettings): Result<void, string> {
  const { push, pullRequest } = repositoryEvents(settings) ?? {};
  if (push !== undefined && pullRequest !== undefined) return err("a trigger is for pushes or for pull requests");
  if (push?.branch !== undefined && push.tag !== undefined) return err("a push is one of a branch or of a tag");
  for (const pattern of [push?.branch, push?.tag, pullRequest?.branch]) {
    const parsed = pattern === undefined ? ok(undefined) : parsePattern(pattern);
    if (!parsed.ok) return err(`invalid regular expression: ${parsed.error}`);
  }
  for (const glob of [...(settings.includedFiles ?? []), ...(settings.ignoredFiles ?? [])]) {
    const parsed = parseGlob(glob);
    if (!parsed.ok) return err(`invalid file filter: ${parsed.error}`);
  }
  return ok(undefined);
}

function checkSource({ webhookConfig, sourceToBuild }: TriggerSettings): Result<void, string> {
  if (webhookConfig !== undefined && !SECRET.test(webhookConfig.secret ?? "")) {
    return err("webhook_config.secret must be projects/*/secrets/*/versions/*");
  }
  if (sourceToBuild?.ref !== undefined && !sourceToBuild.ref.startsWith("refs/")) {
    return err("source_to_build.ref must begin with refs/");
  }
  return ok(undefined);
}

function checkValues({ substitutions = {}, filter = "" }: TriggerSettings): Result<void, string> {
  const bad = Object.keys(substitutions).find((key) => !/^_[A-Z0-9_]+$/.test(key));
  if (bad !== undefined) return err(`substitution key "${bad}" does not respect format ^_[A-Z0-9_]+$`);
  const own = checkOwnValues(substitutions);
  if (!own.ok) return own;
  const parsed = filter === "" ? ok(undefined) : parseFilter(filter);
  return parsed.ok ? ok(undefined) : err(`invalid filter: ${parsed.error}`);
}

function checkBuild({ build, substitutions = {} }: TriggerSettings): Result<void, string> {
  if (build === undefined) return ok(undefined);
  const valid = validateBuild(build, substitutions);
  return valid.ok ? ok(undefined) : err(`invalid build: ${valid.error}`);
}
