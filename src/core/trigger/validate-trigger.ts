import { validateBuild } from "../build/validate-build.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { TriggerSettings } from "./trigger.ts";
import { parseFilter } from "./trigger-filter.ts";

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/;
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
  const { name = "", filter = "", webhookConfig, sourceToBuild, build } = settings;
  if (!NAME.test(name)) {
    return err(`invalid trigger name ${JSON.stringify(name)}: 1 to 64 letters, digits and -, no - at its ends`);
  }
  const events = EVENTS.filter((field) => field in settings);
  if (events.length > 1) return err(`a trigger has one kind of event, not ${events.join(" and ")}`);
  const templates = TEMPLATES.filter((field) => field in settings);
  if (templates.length !== 1) {
    return err(`a trigger has one of ${TEMPLATES.join(", ")}, not ${templates.join(" and ") || "none"}`);
  }
  if (webhookConfig !== undefined && !SECRET.test(webhookConfig.secret ?? "")) {
    return err("webhook_config.secret must be projects/*/secrets/*/versions/*");
  }
  if (sourceToBuild?.ref !== undefined && !sourceToBuild.ref.startsWith("refs/")) {
    return err("source_to_build.ref must begin with refs/");
  }
  for (const key of Object.keys(settings.substitutions ?? {})) {
    if (!/^_[A-Z0-9_]+$/.test(key)) {
      return err(`substitution key "${key}" does not respect format ^_[A-Z0-9_]+$`);
    }
  }
  const parsed = filter === "" ? ok(undefined) : parseFilter(filter);
  if (!parsed.ok) return err(`invalid filter: ${parsed.error}`);
  if (build === undefined) return ok(undefined);
  const valid = validateBuild(build, settings.substitutions ?? {});
  return valid.ok ? ok(undefined) : err(`invalid build: ${valid.error}`);
}
