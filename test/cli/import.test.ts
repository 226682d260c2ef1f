import { describe, expect, it } from "vitest";
import { runMobius } from "./run-mobius.ts";

const RAG = JSON.stringify({
  kind: "Service",
  metadata: { name: "rag", namespace: "acme-staging", labels: { "cloud.googleapis.com/location": "us-central1" } },
  spec: {
    template: {
      spec: { containers: [{ image: "gcr.io/acme-staging/rag", env: [{ name: "API_KEY", value: "hunter2" }] }] },
    },
  },
});

const mobius = (argv: readonly string[], files: Readonly<Record<string, string>>, input?: string) =>
  runMobius(argv, { url: "http://127.0.0.1:9", token: "", files, ...(input === undefined ? {} : { input }) });

describe("mobius import", () => {
  it("shows what it would write, and writes it when told to, to a file that is valid", async () => {
    const shown = await mobius(["import", "../rag.json"], { "../rag.json": RAG });
    expect([shown.code, shown.files.has("mobius.yaml")]).toEqual([0, false]);
    expect(shown.out).toContain("services:\n  rag:\n    image: rag\n    secrets:\n      API_KEY: api-key:latest\n");
    expect(shown.err).toContain("mobius secret set api-key --env staging");
    const written = await mobius(["import", "../rag.json", "--write"], { "../rag.json": RAG });
    expect(written.out).toBe("mobius.yaml written.\n");
    expect(written.files.get("mobius.yaml")).toBe(shown.out);
    const validated = await mobius(["validate"], { "mobius.yaml": shown.out });
    expect([validated.code, validated.out]).toEqual([0, "1 file is valid.\n"]);
    expect(shown.out + shown.err + written.err).not.toContain("hunter2");
  });

  it("prints one document for programs, from standard input too", async () => {
    const { out, code } = await mobius(["import", "-", "--json"], {}, RAG);
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { apiVersion: "mobius/v1", written: false, report: { left: expect.any(Array) } },
    ]);
  });

  it("says everything that is wrong with its inputs, exits 3 and changes nothing", async () => {
    const existing = "platform: p\nserivces: {}\n";
    const files = { "mobius.yaml": existing, "a.json": '{"kind":"Pod"}', "x/deploy/dev.env": "hunter2\n" };
    const bad = await mobius(["import", "a.json", "x/deploy/dev.env", "--write"], files);
    expect(bad.code).toBe(3);
    for (const code of ["key-unknown", "import-input-unknown", "import-line-invalid", "import-environment-unclear"]) {
      expect(bad.err).toContain(`error[${code}]`);
    }
    expect(bad.err).not.toContain("hunter2");
    expect(bad.files.get("mobius.yaml")).toBe(existing);
    expect((await mobius(["import", "no.json", "none.json"], {})).err.match(/error\[file-not-found\]/g)).toHaveLength(
      2,
    );
  });
});
