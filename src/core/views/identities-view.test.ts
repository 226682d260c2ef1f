import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { emailsOf, grantsOf, secretUses } from "../identity/grants.ts";
import { parsePlatform } from "../platform/parse-platform.ts";
import { identitiesMarkdown, identitiesText, identitiesView } from "./identities-view.ts";

const UMBRELLA = resolve(import.meta.dirname, "../../../examples/mobius/umbrella");

function sampleView() {
  const parsed = parsePlatform(readFileSync(resolve(UMBRELLA, "mobius.yaml"), "utf8"), "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems[0].summary);
  const platform = parsed.value;
  const environments = Object.values(platform.environments);
  const view = identitiesView(
    {
      environments: environments.map((environment) => ({
        name: environment.name,
        project: environment.project,
        identities: emailsOf(environment),
      })),
      grants: environments.flatMap((each) => grantsOf(platform, each, secretUses(platform, each))),
    },
    "staging",
  );
  if (view === undefined) throw new Error("no staging");
  return view;
}

it("writes the document that the sample has", async () => {
  const path = resolve(UMBRELLA, "docs/staging_iam_and_secrets.md");
  await expect(identitiesMarkdown(sampleView())).toMatchFileSnapshot(path);
});

it("says what each reads and whom it acts as", () => {
  const { identities, elsewhere } = sampleView();
  const of = (name: string) => identities.find(({ identity }) => identity === name);
  expect(of("build")).toMatchObject({ secrets: [], actsAs: [] });
  expect(of("runtime")?.secrets).toContain("jwt-secret");
  expect(of("runtime")?.secrets).not.toContain("git-token");
  expect(of("deploy")?.actsAs).toEqual([of("build")?.email, of("runtime")?.email]);
  expect(elsewhere.leaks).toEqual([]);
});

it("cries where a right leaks", () => {
  const view = sampleView();
  const leak = { email: "x@p", environment: "staging", permission: "run.services.create", resource: "projects/q" };
  expect(identitiesText({ ...view, elsewhere: { checked: 1, leaks: [leak] } })).toContain(
    "x@p may run.services.create on projects/q!",
  );
});
