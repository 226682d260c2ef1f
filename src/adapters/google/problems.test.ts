import { describe, expect, it } from "vitest";
import { renderProblem } from "../../core/values/problem.ts";
import { candidateNotReady, runDenied, runRejected, targetChanged, trafficNotSet } from "./problems.ts";

describe("problems of Cloud Run", () => {
  it("reads as a person needs it", () => {
    expect(renderProblem(candidateNotReady("api-rel-7-1", ["HEALTH_CHECK_CONTAINER_ERROR: exit code 3"]))).toBe(
      `error[candidate-not-ready]: Revision "api-rel-7-1" did not become ready; traffic is unchanged.
  why:   HEALTH_CHECK_CONTAINER_ERROR: exit code 3
  fix:   Correct what the last lines of its log name, or its start-up time, and release again.
  more:  docs/errors.md#candidate-not-ready`,
    );
    expect(renderProblem(targetChanged("api", "version given was not the current version"))).toBe(
      `error[target-changed]: Service "api" was changed by somebody else.
  why:   version given was not the current version
  fix:   See what changed with mobius plan, then release again.
  more:  docs/errors.md#target-changed`,
    );
    expect(renderProblem(runDenied("api", "Permission denied"))).toBe(
      `error[run-denied]: Cloud Run refuses access to "api".
  why:   Permission denied
  fix:   Give the environment's deploy identity the role run.developer in its project, and iam.serviceAccountUser on the service's account.
  more:  docs/errors.md#run-denied`,
    );
    expect(renderProblem(runRejected("api", "reserved env names: PORT"))).toBe(
      `error[run-rejected]: Cloud Run rejects the settings of "api".
  why:   reserved env names: PORT
  fix:   Correct the setting that the reason names in mobius.yaml.
  more:  docs/errors.md#run-rejected`,
    );
    expect(renderProblem(trafficNotSet("api", ["It was not served within 60 s."]))).toBe(
      `error[traffic-not-set]: Traffic of service "api" was not set.
  why:   It was not served within 60 s.
  fix:   See why the named revisions do not serve, then release again.
  more:  docs/errors.md#traffic-not-set`,
    );
  });
});
