import { expect, it } from "vitest";
import { accountResource, recordedName, resourceOfRoute } from "./resource-name.ts";

it.each([
  ["/v2/projects/:project/locations/:location/services", "projects/p/locations/l"],
  ["/v2/projects/:project/locations/:location/services/:service(^[^:/]+)", "projects/p/locations/l/services/s"],
  ["/v2/projects/:project/locations/:location/jobs/:service(^[^:/]+)::run", "projects/p/locations/l/jobs/s"],
  ["/v2/projects/:project/locations/:location/*", "projects/p/locations/l"],
  ["/v1/projects/:project/builds", "projects/p"],
])("names what %s is about", (pattern, resource) => {
  expect(resourceOfRoute(pattern, { project: "p", location: "l", service: "s" })).toBe(resource);
});

it("leads out of no project, however a path is spelled", () => {
  const params = { project: "p/locations/l/services/x", location: "l" };
  expect(resourceOfRoute("/v2/projects/:project/locations/:location", params)).toBe(
    "projects/p%2Flocations%2Fl%2Fservices%2Fx/locations/l",
  );
});

it.each([
  ["r@p.iam.gserviceaccount.com", "projects/p/serviceAccounts/r@p.iam.gserviceaccount.com"],
  ["projects/-/serviceAccounts/r@p.iam.gserviceaccount.com", "projects/p/serviceAccounts/r@p.iam.gserviceaccount.com"],
  ["projects/q/serviceAccounts/r@p.iam.gserviceaccount.com", "projects/p/serviceAccounts/r@p.iam.gserviceaccount.com"],
  ["projects/q/serviceAccounts/123", "projects/q/serviceAccounts/123"],
  ["projects/-/serviceAccounts/123", "projects/own/serviceAccounts/123"],
  ["ci@example.com", "projects/own/serviceAccounts/ci@example.com"],
])("finds the project of account %s", (account, resource) => {
  expect(accountResource(account, "own")).toBe(resource);
});

it("records names only: of limited length, and of the characters that names have", () => {
  expect(recordedName("projects/p\r\n1 forged row\u202e")).toBe("projects/p??1?forged?row?");
  expect(recordedName("x".repeat(1_000))).toHaveLength(300);
});
