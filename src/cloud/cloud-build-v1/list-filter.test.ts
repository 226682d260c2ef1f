import { describe, expect, it } from "vitest";
import { parseListFilter } from "./list-filter.ts";

const BUILD = {
  id: "b-1",
  projectId: "p1",
  status: "WORKING",
  tags: ["api", "rel-7"],
  buildTriggerId: "t-1",
  images: ["gcr.io/p1/api"],
  createTime: "2026-01-15T10:00:00Z",
  source: { storageSource: { bucket: "p1_cloudbuild", object: "source/1.tgz" } },
  results: {
    images: [
      { name: "gcr.io/p1/api", digest: "sha256:1" },
      { name: "gcr.io/p1/ui", digest: "sha256:2" },
    ],
  },
};

describe("parseListFilter", () => {
  it.each([
    ['status="WORKING" OR status="QUEUED"', true],
    ['status="SUCCESS" OR status="QUEUED"', false],
    ['tags="rel-7"', true],
    ["tags=api AND tags=rel-7", true],
    ["tags=api AND tags=rel-8", false],
    ['tags="api" status="WORKING"', true],
    ['status="QUEUED" OR status="WORKING" AND tags="none"', false],
    ['(status="QUEUED" OR status="WORKING") AND tags="api"', true],
    ['NOT status="QUEUED"', true],
    ['status!="WORKING"', false],
    ['tags!="other"', true],
    ['trigger_id:"t-1"', true],
    ['build_id="b-2"', false],
    ['create_time>"2026-01-15T09:59:59.000+00:00"', true],
    ['create_time<="2026-01-15T11:00:00+01:00"', true],
    ['create_time<"2026-01-15T10:00:00Z"', false],
    ['finish_time>"2020-01-01T00:00:00Z"', false],
    ['results.images.digest="sha256:2"', true],
    ['source.storage_source.object="source/1.tgz"', true],
  ])("%j is %s", (text, expected) => {
    const filter = parseListFilter(text);
    expect(filter.ok && filter.value?.(BUILD)).toBe(expected);
  });

  it("is nothing where nothing is asked", () => {
    expect(parseListFilter(" ")).toEqual({ ok: true, value: undefined });
  });

  it.each([
    "status",
    'status="A" OR',
    '(status="A"',
    'status="A")',
    'colour="red"',
    'status ~ "A"',
    "AND",
    '"A"',
    `tags="${"x".repeat(5_000)}"`,
  ])("%j is not understood", (text) => {
    expect(parseListFilter(text)).toMatchObject({ ok: false });
  });
});
