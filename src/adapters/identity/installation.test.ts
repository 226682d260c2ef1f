import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renderProblem } from "../../core/values/problem.ts";
import { systemIds } from "../system/system-ids.ts";
import { type Installation, loadInstallation } from "./installation.ts";

let stateDirectory = "";
beforeEach(async () => {
  stateDirectory = join(await mkdtemp(join(tmpdir(), "mobius-installation-")), "state");
});
afterEach(async () => {
  await rm(join(stateDirectory, ".."), { recursive: true });
});

const load = () => loadInstallation({ stateDirectory, ids: systemIds });

function comparable({ personToken, ...rest }: Installation): unknown {
  return { ...rest, personToken: personToken.reveal() };
}

async function loaded(): Promise<Installation> {
  const outcome = await load();
  if (!outcome.ok) throw new Error(renderProblem(outcome.error));
  return outcome.value;
}

it("makes files for the owner only, whatever the umask, and reads the same back", async () => {
  const umask = process.umask(0);
  try {
    const first = await loaded();
    expect(first.encryptionKey).toHaveLength(32);
    expect(first.signingKey).not.toEqual(first.encryptionKey);
    expect(comparable(await loaded())).toEqual(comparable(first));
    expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700);
    for (const name of ["key", "token"]) {
      expect((await stat(join(stateDirectory, name))).mode & 0o777).toBe(0o600);
    }
  } finally {
    process.umask(umask);
  }
});

it("gives one installation to all that start at once, and leaves nothing else behind", async () => {
  const all = await Promise.all(Array.from({ length: 16 }, loaded));
  expect(new Set(all.map((installation) => JSON.stringify(comparable(installation)))).size).toBe(1);
  expect((await readdir(stateDirectory)).sort()).toEqual(["key", "token"]);
});

it("never prints the token", async () => {
  const { personToken } = await loaded();
  expect(JSON.stringify({ personToken })).toBe('{"personToken":"[secret]"}');
});

it("refuses a file that others may read", async () => {
  await loaded();
  const path = join(stateDirectory, "token");
  await chmod(path, 0o640);
  const outcome = await load();
  expect(outcome.ok ? "" : renderProblem(outcome.error)).toBe(
    [
      `error[state-file-exposed]: Others than its owner may use "${path}".`,
      "  why:   Its permissions are 640. Whoever reads it can act as you, or open stored secrets.",
      `  fix:   Close it: chmod 600 ${path}. If somebody else may have read it, delete its "token" file, so that a new one is made.`,
      "  more:  docs/errors.md#state-file-exposed",
    ].join("\n"),
  );
  await chmod(path, 0o600);
  expect((await load()).ok).toBe(true);
});

it("refuses a damaged key and makes no new one over it", async () => {
  await loaded();
  const path = join(stateDirectory, "key");
  await writeFile(path, '{"id":');
  for (let count = 0; count < 2; count++) {
    const outcome = await load();
    expect(outcome.ok ? "" : renderProblem(outcome.error)).toBe(
      [
        `error[state-file-damaged]: "${path}" does not hold what it should.`,
        "  why:   It was cut off or written over. A new key could not open the secrets that the old one sealed, so none is made.",
        `  fix:   Put the file back from a backup. A damaged "token" file may also be deleted: a new one is made at the next start.`,
        "  more:  docs/errors.md#state-file-damaged",
      ].join("\n"),
    );
  }
});
