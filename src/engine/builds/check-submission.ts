import type { BuildConfig } from "../../core/build/build-config.ts";
import type { BuildTrigger } from "../../core/build/events.ts";
import type { BuiltIn } from "../../core/build/substitutions.ts";
import { unsupportedFields } from "../../core/build/unsupported-fields.ts";
import { checkBuild } from "../../core/build/validate-whole.ts";
import type { ActorId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { BuildDependencies } from "./build-dependencies.ts";

/** A build that somebody asks for. */
export interface BuildSubmission {
  readonly project: string;
  readonly location: string;
  readonly config: BuildConfig;
  readonly actor: ActorId;
  /** Set by the caller of this run; wins over the file's own map. */
  readonly substitutions?: Readonly<Record<string, string>>;
  /** The trigger that asks. */
  readonly trigger?: BuildTrigger;
  /** A UUID that the caller chose: submitting it again gives the same build. */
  readonly id?: string;
}

/** A submission that was found good: what the steps really get, and the values that the build shows. */
export interface CheckedSubmission {
  readonly config: BuildConfig;
  readonly substitutions: Readonly<Record<string, string>>;
}

/** In Cloud Build's order: the file, then its substitutions, then what they made of it. The refusal is in its words. */
export function checkSubmission(
  deps: Pick<BuildDependencies, "projectNumber">,
  { project, location, config, substitutions: overrides = {}, trigger }: BuildSubmission,
  id: string,
): Result<CheckedSubmission, string> {
  const unsupported = unsupportedFields(config);
  if (unsupported.length > 0) return err(`this engine does not carry out ${unsupported.join(", ")}`);
  const account = config.serviceAccount ?? "";
  const builtIns: Partial<Record<BuiltIn, string>> = {
    ...trigger?.builtIns,
    PROJECT_ID: project,
    BUILD_ID: id,
    LOCATION: location,
    PROJECT_NUMBER: deps.projectNumber?.(project) ?? "",
    SERVICE_ACCOUNT: account,
    SERVICE_ACCOUNT_EMAIL: account.split("/").at(-1) ?? "",
  };
  const origin = trigger === undefined ? "manual" : "triggered";
  const checked = checkBuild({ config, builtIns, overrides, origin });
  if (!checked.ok) return err(checked.error.join(";"));
  const isShown = (key: string) => key.startsWith("_") || key in overrides || key in (trigger?.builtIns ?? {});
  const shown = Object.entries(checked.value.values).filter(([key]) => isShown(key));
  return ok({ config: checked.value.config, substitutions: Object.fromEntries(shown) });
}
