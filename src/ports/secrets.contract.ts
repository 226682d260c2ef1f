import { describe, expect, it } from "vitest";
import { Secret } from "../core/values/secret.ts";
import type { Secrets } from "./secrets.ts";

/** Secrets of an empty project, and a way to disable a version of one, which only a person does. */
export interface SecretsHarness extends AsyncDisposable {
  readonly secrets: Secrets;
  readonly disable: (secret: string, version: string) => Promise<void>;
}

/** What all secrets keep to. Runs on the fake, on the embedded cloud, and on a real project. */
export function describeSecrets(label: string, start: () => Promise<SecretsHarness>): void {
  describe(`${label}: secrets`, () => {
    it("has nothing of a secret that is not there", async () => {
      await using h = await start();
      expect(await h.secrets.latestVersion("missing")).toBeUndefined();
      expect(await h.secrets.access("missing", "1")).toBeUndefined();
    });

    it.each([
      ["a trailing newline", "hunter2\n"],
      ["characters that shells and URLs mean something by", "p$w@rd,with'quotes\"&%20{}\\ \t"],
      ["what is not ASCII", "geheim ☂ 🔑"],
      ["a byte order mark", "\ufeffvalue"],
      ["line ends of both kinds and zero", "a\r\nb\nc\0"],
      ["nearly 64 KiB", "x".repeat(65_000)],
    ])("keeps a value with %s to the byte", async (_, value) => {
      await using h = await start();
      const version = await h.secrets.put("db-password", new Secret(value));
      expect(version).toBe("1");
      expect(await h.secrets.latestVersion("db-password")).toBe("1");
      expect((await h.secrets.access("db-password", version))?.reveal()).toBe(value);
    });

    it("adds a version only when the value differs, and keeps the earlier ones", async () => {
      await using h = await start();
      expect(await h.secrets.put("key", new Secret("one"))).toBe("1");
      expect(await h.secrets.put("key", new Secret("one"))).toBe("1");
      expect(await h.secrets.put("key", new Secret("one\n"))).toBe("2");
      expect(await h.secrets.latestVersion("key")).toBe("2");
      expect((await h.secrets.access("key", "1"))?.reveal()).toBe("one");
      expect(await h.secrets.access("key", "3")).toBeUndefined();
    });

    it("passes over disabled versions", async () => {
      await using h = await start();
      await h.secrets.put("key", new Secret("one"));
      await h.secrets.put("key", new Secret("two"));
      await h.disable("key", "2");
      expect(await h.secrets.latestVersion("key")).toBe("1");
      expect(await h.secrets.access("key", "2")).toBeUndefined();
      await h.disable("key", "1");
      expect(await h.secrets.latestVersion("key")).toBeUndefined();
      expect(await h.secrets.put("key", new Secret("two"))).toBe("3");
    });
  });
}
