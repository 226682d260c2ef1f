import { describe, expect, it } from "vitest";
import { isDestination, outsideDestinations } from "./destinations.ts";
import { parsePlatform } from "./parse-platform.ts";

const platform = (owns: readonly string[], shares: readonly string[] = []) => {
  const text = `platform: p
git: { umbrella: "git@git.example.com:acme/umbrella.git" }
modules:
  api: { repository: "https://code.example.com/acme/api.git", path: api }
  web: { repository: /srv/repositories/web.git, path: web }
environments:
  staging: { project: acme-staging, region: r, cloud: embedded, registry: gcr.io/acme-staging,
    identities: { build: b, deploy: d, migrate: m, runtime: r },
    boundary: { owns: ${JSON.stringify(owns)}, shares: ${JSON.stringify(shares)} } }
`;
  const parsed = parsePlatform(text, "mobius.yaml");
  if (!parsed.ok) throw new Error(parsed.problems.map(({ summary, why }) => `${summary} ${why}`).join("\n"));
  const { staging } = parsed.value.environments;
  if (staging === undefined) throw new Error("no staging");
  return outsideDestinations(parsed.value, staging);
};

describe("where an environment's builds may go", () => {
  it("is to the repositories that the platform declares", () => {
    expect(platform([])).toEqual([
      { host: "git.example.com", port: 22 },
      { host: "code.example.com", port: 443 },
    ]);
  });

  it.each([
    ["https://registry.npmjs.org", "registry.npmjs.org", 443, true],
    ["https://registry.npmjs.org", "registry.npmjs.org", 80, false],
    ["https://registry.npmjs.org/left-pad", "REGISTRY.npmjs.org", 443, true],
    ["https://registry.npmjs.org", "registry.npmjs.org.evil.example", 443, false],
    ["https://*.example.org:8443", "a.b.example.org", 8443, true],
    ["https://*.example.org", "example.org", 443, false],
    ["redis://redis.staging.internal:*", "redis.staging.internal", 6380, true],
    ["redis://user:pw@redis.staging.internal", "redis.staging.internal", 6379, true],
    ["kafka://queue.internal:9092", "queue.internal", 9092, true],
    ["kafka://queue.internal", "queue.internal", 9092, false],
    ["gs://mobius-rag-uploads-staging", "mobius-rag-uploads-staging", 443, false],
    ["http://[fd00::1]:80/", "fd00::1", 80, true],
    ["projects/p/instances/i", "projects", 443, false],
  ])("with %s: %s:%i is %s", (entry, host, port, isAllowed) => {
    expect(isDestination(platform([entry]), { host, port })).toBe(isAllowed);
    expect(isDestination(platform([], [entry]), { host, port })).toBe(isAllowed);
  });
});
