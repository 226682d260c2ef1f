import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  commitOf,
  environmentOf,
  sampleManifest,
  samplePlatform,
  samplePromotion,
} from "../../../test/support/promotion-values.ts";
import { type Problem, renderProblem } from "../values/problem.ts";
import { type DerivedManifest, deriveManifest, type Promotion } from "./derive-manifest.ts";
import { foreignIdentifiers } from "./environment-identifiers.ts";

const platform = samplePlatform();
const source = environmentOf(platform, "staging");
const target = environmentOf(platform, "production");

function derive(change: Partial<Promotion> = {}): DerivedManifest {
  const derived = deriveManifest(samplePromotion(change));
  if (!derived.ok) throw new Error(derived.problems.map(renderProblem).join("\n"));
  return derived.value;
}

function problems(change: Partial<Promotion>): readonly Problem[] {
  const derived = deriveManifest(samplePromotion(change));
  return derived.ok ? [] : derived.problems;
}

/** Every full commit and digest of a text, each once. */
function pins(text: string): readonly string[] {
  return [...new Set(text.match(/sha256:[0-9a-f]{64}|\b[0-9a-f]{40}\b/g))].sort();
}

function comments(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|\s)(#.*)$/gm)].map(([, comment = ""]) => comment);
}

/** The target with the platform file saying nothing of its overrides. */
function withoutOverrides(): Partial<Promotion> {
  const { overrides: _, ...rest } = target;
  return { target: rest };
}

describe("deriveManifest", () => {
  it("writes production's manifest of the sample's staging release", async () => {
    const { file, releaseId, text, manifest } = derive();
    await expect(text).toMatchFileSnapshot("../../../test/fixtures/promotion/2026-11-27-prod.yaml");
    expect(file).toBe("release-manifests/2026-11-27-prod.yaml");
    expect(releaseId).toBe("2026-11-27-prod");
    expect(manifest.environment).toBe("production");
  });

  it("derives the same from the manifest as it was written back, with every pin in it", () => {
    const whole = derive();
    const writtenBack = sampleManifest()
      .replace("v1.2.0", commitOf("mobius-rag"))
      .replaceAll(/^( {2}[a-z-]+: "?gcr\.io\/[^@\s"]+)("?)/gm, (line, start: string, quote: string) => {
        const name = /^ {2}([a-z-]+):/.exec(line)?.[1] ?? "";
        return `${start}@${samplePromotion().release.pins.images[name]?.split("@")[1]}${quote}`;
      });
    expect(pins(writtenBack).length).toBeGreaterThan(pins(sampleManifest()).length);
    expect(derive({ text: writtenBack }).text).toBe(whole.text);
  });

  it("takes the next free name, which still ends in the environment's", () => {
    const taken = ["release-manifests/2026-11-27-prod.yaml", "2026-11-27-2-prod", "release-manifests/other.yaml"];
    expect(derive({ taken }).file).toBe("release-manifests/2026-11-27-3-prod.yaml");
    const qa = { ...target, name: "qa", aliases: { names: [], projects: [] } };
    const { production: _, ...environments } = platform.environments;
    expect(derive({ platform: { ...platform, environments: { ...environments, qa } }, target: qa }).releaseId).toBe(
      "2026-11-27-qa",
    );
  });

  it("lists every value that became another one", () => {
    const changed = derive().changes.map(({ path }) => path.join("."));
    expect(changed).toContain("release_id");
    expect(changed).toContain("env_overrides.redis_url");
    expect(changed).toContain("verification.verify_script");
    expect(changed).not.toContain("commits.mobius-os");
  });

  it("refuses each override of the source that nothing maps, and takes what a person says", () => {
    const refused = problems(withoutOverrides());
    expect(refused.map(({ code, where }) => [code, where?.excerpt])).toEqual([
      ["override-unmapped", "env_overrides.cloudsql_connection_name"],
      ["override-unmapped", "env_overrides.redis_url"],
      ["override-unmapped", "env_overrides.gcs_bucket"],
      ["override-unmapped", "env_overrides.vertex_index_endpoint_id"],
      ["override-unmapped", "env_overrides.vertex_deployed_index_id"],
    ]);
    const overrides = { ...target.overrides, redis_url: "redis://redis.prod.internal:6380/1" };
    expect(derive({ ...withoutOverrides(), overrides }).manifest.envOverrides.redis_url?.value).toBe(
      "redis://redis.prod.internal:6380/1",
    );
  });

  it("refuses a given value that is the source's own, and an override that there is not", () => {
    const given = { redis_url: "redis://redis.staging.internal:6379/0", redis_ulr: "redis://x" };
    expect(problems({ overrides: given }).map(({ code }) => code)).toEqual(["override-unknown", "identifier-foreign"]);
  });

  it("replaces addresses of the source's services by the target's", () => {
    const addresses = {
      source: { "mobius-rag": "http://127.0.0.1:4001" },
      target: { "mobius-rag": "http://127.0.0.1:5001" },
    };
    const text = sampleManifest().replace("--config chat_qa.json", "--url http://127.0.0.1:4001/search");
    const { manifest } = derive({ text, addresses });
    expect(manifest.verification.qaSuite?.value).toContain("--url http://127.0.0.1:5001/search");
  });

  it("keeps a remark that nothing maps, and warns of it", () => {
    const text = sampleManifest().replace("# a library: no image", "# once in redis://redis.staging.internal:9/9");
    const derived = deriveManifest(samplePromotion({ text }));
    expect(derived.ok && derived.warnings.map(renderProblem).join("\n")).toContain(
      "redis://redis.staging.internal:9/9",
    );
    expect(derived.ok && derived.value.text).toContain("# once in redis://redis.staging.internal:9/9");
  });

  it("refuses a manifest of another environment, one that was changed, and one that was not resolved", () => {
    expect(problems({ file: "x.yaml", text: derive().text }).map(({ code }) => code)).toEqual([
      "promotion-source-other",
    ]);
    const changed = sampleManifest().replace(commitOf("mobius-os"), commitOf("another"));
    expect(problems({ text: changed }).map(({ code }) => code)).toEqual(["promotion-manifest-changed"]);
    const { release } = samplePromotion();
    const unpinned = { ...release, pins: { commits: {}, images: {} } };
    const codes = problems({ release: unpinned }).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["promotion-unpinned"]));
    expect(codes).toHaveLength(14);
  });

  it("appends its evidence to notes in every form, or begins them", () => {
    const head = sampleManifest().split("\nnotes:")[0];
    const line = "Proved on staging by REL-1 (2026-11-26-staging), plan ";
    for (const notes of [
      "",
      "\nnotes:",
      "\nnotes: []",
      "\nnotes: [a, b] # c",
      "\nnotes:\n- a",
      "\nnotes:\n   - |\n    a\n",
    ]) {
      const { manifest } = derive({ text: `${head}${notes}\n` });
      expect(manifest.notes.at(-1)?.startsWith(line), notes).toBe(true);
      expect(manifest.notes.length, notes).toBe((notes.match(/\b[ab]\b/g) ?? []).length + 1);
    }
  });
});

/** Manifests as people write them: parts left out, and remarks of all kinds behind lines. */
const someManifest = fc
  .record({
    kept: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    remarks: fc.array(
      fc.oneof(
        fc.constantFrom(
          "gcr.io/mobius-staging/mobius-rag",
          "the project mobius-staging-mobius",
          "mobius-rag-uploads-staging",
          "mobius-cicd-staging@mobius-staging.iam.gserviceaccount.com",
          'say "mobius-staging": twice',
        ),
        fc.stringMatching(/^[A-Za-z][A-Za-z0-9 .,:_'"-]{0,30}$/),
      ),
      { minLength: 40, maxLength: 40 },
    ),
    lineBreak: fc.constantFrom("\n", "\r\n"),
  })
  .map(({ kept, remarks, lineBreak }) =>
    sampleManifest()
      .split("\n")
      // Images, single commits and migrations may be left out; the rest is what a manifest needs.
      .filter((line, index) => kept[index % 40] === true || !/^ {2}mobius-[a-z-]+: [^[{]/.test(line))
      .map((line, index) => {
        const isPlain = / {2}[a-z_-]+: \S+$/.test(line);
        return isPlain && index % 3 === 0 ? `${line} # ${remarks[index % 40]}` : line;
      })
      .join(lineBreak),
  );

describe("deriveManifest, of any manifest", () => {
  const find = foreignIdentifiers({ source, target });

  it("has the release's pins and no other, leaves nothing of the source, and keeps every comment in its place", () => {
    fc.assert(
      fc.property(someManifest, (text) => {
        const { text: derived, manifest } = derive({ text });
        const { release } = samplePromotion();
        const named = Object.keys(manifest.commits).map((module) => release.pins.commits[module]);
        const images = Object.values(release.pins.images).map((image) => image.split("@")[1]);
        expect(pins(derived)).toEqual([...new Set([...named, ...images])].sort());
        expect(find(derived)).toEqual([]);
        expect(manifest.environment).toBe("production");
        expect(comments(derived).length).toBe(comments(text).length);
        const unchanged = comments(text).filter((comment) => find(comment).length === 0 && !comment.includes("prod"));
        expect(comments(derived)).toEqual(expect.arrayContaining([...unchanged]));
        const keys = (whole: string) => whole.match(/^[a-z_]+:/gm) ?? [];
        expect(keys(derived)).toEqual(keys(text));
      }),
      { numRuns: 40 },
    );
  });
});
