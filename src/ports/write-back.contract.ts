import { describe, expect, it } from "vitest";
import type { WriteBack } from "./source.ts";

/** An umbrella whose branch `main` has one commit, `Start`. */
export interface WriteBackHarness extends AsyncDisposable {
  readonly writeBack: WriteBack;
  /** A file of the branch without its last line end; undefined where there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** First lines of the branch's messages, newest first. */
  readonly subjects: () => Promise<readonly string[]>;
  /** What somebody else pushes. */
  readonly push: (path: string, text: string) => Promise<void>;
  /** Takes the remote away. */
  readonly remove: () => Promise<void>;
}

const request = (release: string, path = "docs/log.md") => ({
  branch: "main",
  release,
  message: `Record ${release}`,
  files: [{ path, change: (text: string | undefined) => `${text ?? ""}${release}\n` }],
});

/** What every write-back keeps to. Runs on the fake and on git. */
export function describeWriteBack(label: string, start: () => Promise<WriteBackHarness>): void {
  describe(`${label}: write-back`, () => {
    it("changes all files in one commit, on top of the branch as it stands", async () => {
      await using h = await start();
      await h.push("docs/log.md", "by hand\n");
      const both = { ...request("REL-1"), files: [...request("REL-1").files, ...request("REL-1", "m.yaml").files] };
      const written = await h.writeBack.commit(both);
      expect(written.ok && written.value.commit).toMatch(/^[0-9a-f]{40}$/);
      expect(await h.subjects()).toEqual(["Record REL-1", "By hand", "Start"]);
      expect(await h.read("docs/log.md")).toBe("by hand\nREL-1");
      expect(await h.read("m.yaml")).toBe("REL-1");
    });

    it("gives the commit that a release has already, also where others pushed since", async () => {
      await using h = await start();
      const first = await h.writeBack.commit(request("REL-1"));
      await h.push("other.md", "x\n");
      const again = await h.writeBack.commit(request("REL-1"));
      expect(again.ok && again.value.commit).toBe(first.ok && first.value.commit);
      expect(await h.subjects()).toEqual(["By hand", "Record REL-1", "Start"]);
    });

    it("takes no release for another one whose name begins alike", async () => {
      await using h = await start();
      await h.writeBack.commit(request("REL-11"));
      await h.writeBack.commit(request("REL-1"));
      expect(await h.subjects()).toEqual(["Record REL-1", "Record REL-11", "Start"]);
    });

    it("makes no commit where nothing differs", async () => {
      await using h = await start();
      await h.push("docs/log.md", "by hand\n");
      const same = { ...request("REL-1"), files: [{ path: "docs/log.md", change: (text?: string) => text ?? "" }] };
      expect(await h.writeBack.commit(same)).toEqual({
        ok: true,
        value: { commit: undefined, workingFolder: "left-alone" },
      });
      expect(await h.subjects()).toEqual(["By hand", "Start"]);
    });

    it("keeps releases apart that are recorded at one time", async () => {
      await using h = await start();
      const releases = ["REL-1", "REL-2", "REL-3"];
      const written = await Promise.all(releases.map((id) => h.writeBack.commit(request(id, `${id}.md`))));
      expect(new Set(written.map((each) => each.ok && each.value.commit)).size).toBe(3);
      for (const id of releases) expect(await h.read(`${id}.md`)).toBe(id);
      expect([...(await h.subjects())].sort()).toEqual([...releases.map((id) => `Record ${id}`), "Start"]);
    });

    it("is unreachable where there is no such branch, or no remote any more", async () => {
      await using h = await start();
      const elsewhere = await h.writeBack.commit({ ...request("REL-1"), branch: "nowhere" });
      expect(elsewhere).toMatchObject({
        ok: false,
        error: { kind: "unreachable", reason: expect.stringMatching("nowhere") },
      });
      await h.remove();
      expect(await h.writeBack.commit(request("REL-1"))).toMatchObject({ ok: false, error: { kind: "unreachable" } });
    });
  });
}
