import { type AdoptionPlan, planAdoption } from "../../core/drift/plan-adoption.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Person } from "./decision-desk.ts";
import type { DriftReport } from "./drift-desk.ts";
import { type ReverterParts, type RevertReport, revertDrift } from "./drift-reverter.ts";
import type { Places } from "./places.ts";

type Answer<T> = Promise<Result<T, NonEmpty<Problem>>>;

/** What people ask about drift, by the name of an environment. */
export class DriftAnswers {
  readonly #parts: ReverterParts & { readonly places: Places };

  constructor(parts: ReverterParts & { readonly places: Places }) {
    this.#parts = parts;
  }

  /** How what is live differs from what was released. */
  async look(environment: string): Answer<DriftReport> {
    const place = await this.#parts.places.named(environment);
    return place.ok ? ok(await this.#parts.driftDesk.check(place.value)) : place;
  }

  /** What of it can be declared as it is, and where. Changes nothing. */
  async adoption(environment: string): Answer<AdoptionPlan> {
    const place = await this.#parts.places.named(environment);
    if (!place.ok) return place;
    const look = await this.#parts.driftDesk.look(place.value);
    if (look === undefined) return ok({ changes: [], left: [] });
    return ok(planAdoption({ platform: place.value.platform, ...look }));
  }

  /** Makes what drifted be as it was released again. Refused while a release changes the environment. */
  async revert(environment: string, person: Person, reason: string): Answer<RevertReport> {
    const place = await this.#parts.places.named(environment);
    if (!place.ok) return place;
    const reverted = await revertDrift(this.#parts, place.value, { person, reason });
    return reverted.ok ? reverted : err([reverted.error]);
  }
}
