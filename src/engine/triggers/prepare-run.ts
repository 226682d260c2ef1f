import type { BuildConfig } from "../../core/build/build-config.ts";
import { checkValuesOfRun } from "../../core/trigger/check-values.ts";
import { bindPayload, escapeValue } from "../../core/trigger/payload.ts";
import { matchEvent, matchFiles, userKeysOfEvent } from "../../core/trigger/scm-event.ts";
import { parseFilter } from "../../core/trigger/trigger-filter.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { changedFiles, type TriggerSource } from "./find-revision.ts";
import { readTemplate, type Template } from "./read-template.ts";
import type { TriggerRefusal, TriggerRun } from "./trigger-run.ts";

/** A run that may be submitted. */
export interface PreparedRun {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Record<string, string>>;
  readonly substitutions: Readonly<Record<string, string>>;
}

/**
 * What a run would submit: the payload put into the trigger's values first, then file < trigger < event < run. Refused
 * where the event or the filter does not fit, or where a sender's value would be more than a value.
 */
export async function prepareRun(source: TriggerSource, run: TriggerRun): Promise<Result<PreparedRun, TriggerRefusal>> {
  const { settings } = run.trigger;
  const matched = run.event === undefined ? ok(undefined) : matchEvent(settings, run.event);
  if (!matched.ok) return filtered(matched.error);
  const template = await readTemplate(source, settings, run);
  if (!template.ok) return err({ kind: "unavailable", message: `Failed to trigger build: ${template.error}` });
  const files = await checkFiles(source, run, template.value);
  if (!files.ok) return files;
  const chosen = run.source?.substitutions ?? {};
  // What a run sets itself needs nothing of a payload.
  const own = Object.fromEntries(Object.entries(settings.substitutions ?? {}).filter(([key]) => !(key in chosen)));
  const bound = bindPayload(own, run.payload);
  if (!bound.ok) return err({ kind: "invalid", message: bound.error });
  const ofEvent = run.event === undefined ? {} : userKeysOfEvent(run.event);
  const { config, builtIns } = template.value;
  const values = { ...config.substitutions, ...bound.value.values, ...ofEvent, ...chosen };
  const filter = settings.filter === undefined ? undefined : parseFilter(settings.filter);
  if (filter?.ok === true && !filter.value(values)) {
    return filtered("the trigger's filter lets nothing of it through");
  }
  const toldOf = mapValues(ofEvent, (text) => [text]);
  const checked = checkValuesOfRun({ config, values, builtIns, given: { ...bound.value.given, ...toldOf } });
  if (!checked.ok) return err({ kind: "invalid", message: checked.error });
  const substitutions = { ...bound.value.literal, ...mapValues(ofEvent, escapeValue), ...chosen };
  return ok({ config, builtIns, substitutions });
}

/** A pull request does not tell its files; they are compared where the trigger asks for some. */
async function checkFiles(
  source: TriggerSource,
  { trigger: { settings }, event }: TriggerRun,
  { revision }: Template,
): Promise<Result<void, TriggerRefusal>> {
  const isAsked = [settings.ignoredFiles, settings.includedFiles].some((globs) => (globs?.length ?? 0) > 0);
  if (event?.kind !== "pull-request" || revision === undefined || !isAsked) return ok(undefined);
  const changed = await changedFiles(source, revision, event.base);
  if (!changed.ok) return err({ kind: "unavailable", message: changed.error });
  const matched = matchFiles(settings, changed.value);
  return matched.ok ? matched : filtered(matched.error);
}

function mapValues<T>(values: Readonly<Record<string, string>>, change: (text: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function filtered(message: string): Result<never, TriggerRefusal> {
  return err({ kind: "filtered", message });
}
