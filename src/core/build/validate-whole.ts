import { err, ok, type Result } from "../values/result.ts";
import { BUILD_SETTINGS } from "./settings.ts";
import { applySubstitutions, type Substituted, type SubstitutionRequest } from "./substitutions.ts";
import { validateAfterMatch, validateBeforeMatch, validateSubstituted } from "./validate-build.ts";

/**
 * All that Cloud Build checks of a build before it accepts it, in its order, and what the steps then get. One complaint,
 * but all of the match check's together, as Google joins them with `;`.
 */
export function checkBuild(request: SubstitutionRequest): Result<Substituted, readonly string[]> {
  const { config, overrides, settings = BUILD_SETTINGS } = request;
  const before = validateBeforeMatch(config, overrides, settings);
  if (!before.ok) return err([before.error]);
  const substituted = applySubstitutions(request);
  if (!substituted.ok) return err(substituted.complaints);
  const after = validateAfterMatch(config, settings);
  if (!after.ok) return err([after.error]);
  const last = validateSubstituted(substituted.value.config, settings);
  return last.ok ? ok(substituted.value) : err([last.error]);
}
