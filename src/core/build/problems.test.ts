import { expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import { boundaryNotEnforced, buildDenied, buildFieldWrong, refusalLine, refusedByBoundary } from "./problems.ts";

// The other problems of this folder are read whole by the tests of what finds them.

it("says who may not build where", () => {
  expect(renderProblem(buildDenied("p2", "ci@p1 has no access to builds of project p2."))).toBe(
    `error[build-denied]: Starting a build in project p2 is not allowed.
  why:   ci@p1 has no access to builds of project p2.
  fix:   Use the identity of this environment, and give it cloudbuild.builds.editor and actAs on the build's account.
  more:  docs/errors.md#build-denied`,
  );
});

it("says what a field takes", () => {
  const where = { file: "cloudbuild.yaml", line: 3, column: 5 };
  expect(renderProblem(buildFieldWrong("timeout", 'expected a duration such as "600s"', where))).toBe(
    `error[build-field-wrong]: The value of "timeout" is not what Cloud Build takes there.
  where: cloudbuild.yaml:3:5
  why:   expected a duration such as "600s"
  fix:   Write the value in the form that is expected.
  more:  docs/errors.md#build-field-wrong`,
  );
});

it("says which steps the kernel would not keep to a protected environment, also through the cloud's error body", () => {
  const problem = boundaryNotEnforced("production", ["deploy", "#3"], "no network namespace (unshare; failed)");
  expect(renderProblem(problem)).toBe(
    `error[boundary-not-enforced]: Environment production is protected, and the kernel would not keep this build to it.
  why:   Steps "deploy", "#3" may run code of a repository, and nothing keeps them from other environments: no network namespace (unshare, failed).
  fix:   Run the server where user and network namespaces are allowed, with steps on the host or oci executor.
  more:  docs/errors.md#boundary-not-enforced`,
  );
  expect(refusedByBoundary(refusalLine(problem))).toEqual(problem);
  expect(refusedByBoundary("invalid build: no steps; none")).toBeUndefined();
});
