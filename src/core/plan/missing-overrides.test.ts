import { expect, it } from "vitest";
import { commitOf, samplePlatform } from "../../../test/support/promotion-values.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { missingOverrides } from "./missing-overrides.ts";

const platform = samplePlatform();

function missing(...lines: readonly string[]): readonly string[] {
  const text = ["release_id: x-staging", ...lines].join("\n");
  const manifest = parseManifest({ text, file: "m.yaml", platform });
  if (!manifest.ok) throw new Error(manifest.problems[0].summary);
  return missingOverrides(platform, manifest.value).map(({ summary }) => summary);
}

it("finds the overrides that a manifest's services need and it does not give, and no other one's", () => {
  const skills = ["commits:", `  mobius-skills: ${commitOf("mobius-skills")}`];
  expect(missing(...skills)).toEqual([
    'Service "mobius-skills-scraper" needs env override "redis_url" for REDIS_URL, and the manifest does not give it.',
    'Service "mobius-skills-scraper" needs env override "gcs_bucket" for GCS_BUCKET, and the manifest does not give it.',
    'Service "module-hub" needs env override "redis_url" for MOBIUS_REDIS_URL, and the manifest does not give it.',
  ]);
  const given = [
    "env_overrides:",
    "  redis_url: redis://redis.staging.internal:6379/0",
    "  gcs_bucket: mobius-rag-uploads-staging",
  ];
  expect(missing(...skills, ...given)).toEqual([]);
});
