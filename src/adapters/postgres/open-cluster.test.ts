import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../system/system-clock.ts";
import { systemIds } from "../system/system-ids.ts";
import { locateBinaries, repairLinks } from "./binaries.ts";
import { type Cluster, type ClusterOptions, openCluster } from "./open-cluster.ts";
import { livePostmaster } from "./postmaster.ts";
import { orphanedBackends } from "./process-table.ts";
import { logTail, turnOver } from "./server-log.ts";

const isRoot = process.getuid?.() === 0;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "mobius-postgres-"));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function opened(directory: string, more: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const outcome = await openCluster({ directory, name: "test", clock: systemClock, ids: systemIds, ...more });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  cleanups.push(() => outcome.value.stop());
  return outcome.value;
}

async function ask(cluster: Pick<Cluster, "connect">, sql: string): Promise<unknown> {
  const client = new Client(cluster.connect());
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** A process of its own that opens the cluster, prints what it got as JSON, and then stays. */
function openElsewhere(directory: string, identity: { uid?: number; gid?: number } = {}): ChildProcess {
  const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const program = `
    import { openCluster } from ${at("./open-cluster.ts")};
    import { systemClock } from ${at("../system/system-clock.ts")};
    import { systemIds } from ${at("../system/system-ids.ts")};
    const outcome = await openCluster({ directory: ${JSON.stringify(directory)}, name: "t", clock: systemClock, ids: systemIds });
    process.stdout.write(JSON.stringify(outcome.ok ? { adopted: outcome.value.adopted } : outcome.error) + "\\n");
    process.stdin.on("data", async () => { await outcome.value.stop(); process.stdout.write("stopped\\n"); process.exit(0); });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    ...identity,
    cwd: "/",
    stdio: ["pipe", "pipe", "inherit"],
  });
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [piece] = await once(child.stdout ?? child, "data");
  return String(piece).trim();
}

async function pidOf(directory: string): Promise<number> {
  const found = await livePostmaster(join(directory, "instance", "data"));
  if (found === undefined) throw new Error("no server");
  return found.pid;
}

describe("a cluster", () => {
  it("starts, answers on its socket only, ends, and starts again with its data", async () => {
    const directory = await folder();
    const first = await opened(directory);
    expect(first.adopted).toBe(false);
    expect(await ask(first, "SHOW listen_addresses")).toBe("");
    expect(await ask(first, "SHOW fsync")).toBe("on");
    expect(await ask(first, "SHOW server_encoding")).toBe("UTF8");
    expect(
      await ask(first, "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'mobius_superuser'"),
    ).toBe(true);
    await ask(first, "CREATE TABLE kept AS SELECT 7 AS n");
    await first.stop();
    expect(await livePostmaster(join(directory, "instance", "data"))).toBeUndefined();
    const second = await opened(directory);
    expect(second.adopted).toBe(false);
    expect(await ask(second, "SELECT n FROM kept")).toBe(7);
    expect(await readdir(join(directory, "instance"))).toEqual(["data", "password"]);
  });

  it("asks for the password, and never lets it be printed with the settings", async () => {
    const cluster = await opened(await folder());
    expect(JSON.stringify(cluster.connect())).not.toContain(cluster.superuser.password.reveal());
    const client = new Client({ ...cluster.connect(), password: "wrong" });
    await expect(client.connect()).rejects.toThrow("password authentication failed");
  });

  it("hands nothing of our environment to the server", async () => {
    const directory = await folder();
    process.env.MOBIUS_TEST_SECRET = "hunter2";
    cleanups.push(async () => delete process.env.MOBIUS_TEST_SECRET);
    await opened(directory);
    expect(await readFile(`/proc/${await pidOf(directory)}/environ`, "utf8")).not.toContain("hunter2");
  });

  it("is adopted after its opener was killed", async () => {
    const directory = await folder();
    const opener = openElsewhere(directory);
    expect(JSON.parse(await firstLine(opener))).toEqual({ adopted: false });
    const pid = await pidOf(directory);
    opener.kill("SIGKILL");
    await once(opener, "exit");
    const cluster = await opened(directory);
    expect(cluster.adopted).toBe(true);
    expect(await pidOf(directory)).toBe(pid);
    expect(await ask(cluster, "SELECT 1")).toBe(1);
  });

  it("recovers after its server was killed, and passes over the pid file", async () => {
    const directory = await folder();
    const first = await opened(directory);
    await ask(first, "CREATE TABLE kept AS SELECT 7 AS n");
    process.kill(await pidOf(directory), "SIGKILL");
    const second = await opened(directory);
    expect(second.adopted).toBe(false);
    expect(await ask(second, "SELECT n FROM kept")).toBe(7);
  });

  it("ends the backends that a killed server left at work, and nobody else in its folder", async () => {
    const directory = await folder();
    const first = await opened(directory);
    const client = new Client(first.connect());
    client.on("error", () => {});
    await client.connect();
    // Takes no notice of its postmaster's death until it has counted to the end.
    const busy = client.query("SELECT count(*) FROM generate_series(1, 100000000000) a").catch(() => "cut");
    const data = join(directory, "instance", "data");
    const bystander = spawn("sleep", ["60"], { cwd: data });
    cleanups.push(async () => bystander.kill("SIGKILL"));
    await once(bystander, "spawn");
    while ((await orphanedBackends(data)).length < 5) await systemClock.sleep(10);
    process.kill(await pidOf(directory), "SIGKILL");
    expect(await ask(await opened(directory), "SELECT 1")).toBe(1);
    expect(await busy).toBe("cut");
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    await client.end().catch(() => {});
  }, 40_000);

  it("starts although the number in the pid file now belongs to another program", async () => {
    const directory = await folder();
    await (await opened(directory)).stop();
    const path = join(directory, "instance", "data", "postmaster.pid");
    await writeFile(path, `${process.pid}\n${join(directory, "instance", "data")}\n1\n5432\n/nowhere\n\n`);
    expect(await ask(await opened(directory), "SELECT 1")).toBe(1);
  });

  it("replaces a server that has stopped answering", async () => {
    const directory = await folder();
    await opened(directory);
    const pid = await pidOf(directory);
    process.kill(pid, "SIGSTOP");
    const second = await opened(directory, { silentForMs: 500 });
    expect(second.adopted).toBe(false);
    expect(await pidOf(directory)).not.toBe(pid);
    expect(await ask(second, "SELECT 1")).toBe(1);
  }, 40_000);

  it("serves two processes that open it at the same moment with one server", async () => {
    const directory = await folder();
    const both = [openElsewhere(directory), openElsewhere(directory)];
    const outcomes = await Promise.all(both.map(async (child) => JSON.parse(await firstLine(child))));
    expect(outcomes.map((outcome) => outcome.adopted).sort()).toEqual([false, true]);
    await (await opened(directory)).stop();
  }, 40_000);

  it("keeps two clusters apart that run side by side", async () => {
    const [a, b] = await Promise.all([opened(await folder()), opened(await folder())]);
    await ask(a, "CREATE TABLE only_a ()");
    expect(await ask(b, "SELECT to_regclass('only_a')")).toBeNull();
  });

  it("falls back to a short folder of its own when the socket's path would be cut", async () => {
    const directory = join(await folder(), "x".repeat(90));
    const cluster = await opened(directory);
    cleanups.push(() => rm(cluster.socketDirectory, { recursive: true, force: true }));
    expect(cluster.socketDirectory).toMatch(/^\/tmp\/mobius-[0-9a-f]{16}$/);
    expect(await ask(cluster, "SELECT 1")).toBe(1);
  });

  it("says what the server wrote when it does not start", async () => {
    const directory = await folder();
    await (await opened(directory)).stop();
    await writeFile(join(directory, "instance", "data", "postgresql.conf"), "no_such_setting = 1\n");
    const outcome = await openCluster({ directory, name: "broken", clock: systemClock, ids: systemIds });
    if (outcome.ok) throw new Error("it started");
    expect(outcome.error.code).toBe("postgres-not-started");
    expect(outcome.error.why.join("\n")).toContain('unrecognized configuration parameter "no_such_setting"');
  });
});

describe.runIf(isRoot)("as root", () => {
  const closedFolder = async () => {
    const directory = await folder();
    await chmod(directory, 0o700);
    return directory;
  };

  it("runs in a user namespace with all files where they are", async () => {
    const directory = await closedFolder();
    const cluster = await opened(directory, { asRoot: "user-namespace" });
    expect(cluster.socketDirectory).toBe(join(directory, "socket"));
    expect(await ask(cluster, "SELECT 1")).toBe(1);
  });

  it("runs under an account with data and binaries that it can reach", async () => {
    const directory = await closedFolder();
    const found = await locateBinaries();
    if (!found.ok || found.value.portableRoot === undefined) throw new Error("no packaged binaries");
    // Binaries in a closed folder, as in a checkout below root's home.
    const native = join(directory, "native");
    await cp(found.value.portableRoot, native, { recursive: true, verbatimSymlinks: true });
    const options = { asRoot: "account", binaries: { bin: join(native, "bin"), portableRoot: native } } as const;
    const cluster = await opened(join(directory, "cluster"), options);
    const { home } = JSON.parse(await readFile(join(directory, "cluster", "location"), "utf8"));
    cleanups.unshift(() => rm(home, { recursive: true, force: true }));
    const { pid } = (await livePostmaster(join(home, "instance", "data"))) ?? { pid: 0 };
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t(?!0\t)/m);
    const program = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0")[0] ?? "";
    cleanups.unshift(() => rm(join(program, "..", "..", ".."), { recursive: true, force: true }));
    expect(program).toMatch(/^\/var\/lib\/mobius-postgres-[0-9a-f]{16}\/native\/bin\/postgres$/);
    await ask(cluster, "CREATE TABLE kept AS SELECT 7 AS n");
    await cluster.stop();
    // Once moved, it stays under its account, also where a namespace would work now.
    expect(
      await ask(await opened(join(directory, "cluster"), { binaries: options.binaries }), "SELECT n FROM kept"),
    ).toBe(7);
  });

  it("moves a cluster that was made in a namespace, once only an account can run it", async () => {
    const directory = await closedFolder();
    const first = await opened(directory, { asRoot: "user-namespace" });
    await ask(first, "CREATE TABLE kept AS SELECT 7 AS n");
    await first.stop();
    const second = await opened(directory, { asRoot: "account" });
    const { home } = JSON.parse(await readFile(join(directory, "location"), "utf8"));
    cleanups.unshift(() => rm(home, { recursive: true, force: true }));
    expect(await ask(second, "SELECT n FROM kept")).toBe(7);
  });

  it("serves an ordinary user as itself", async () => {
    const directory = await folder();
    await chown(directory, 65_534, 65_534);
    const child = openElsewhere(directory, { uid: 65_534, gid: 65_534 });
    expect(JSON.parse(await firstLine(child))).toEqual({ adopted: false });
    const status = await readFile(`/proc/${await pidOf(directory)}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t65534\t/m);
    child.stdin?.write("stop\n");
    expect(await firstLine(child)).toBe("stopped");
    expect(await livePostmaster(join(directory, "instance", "data"))).toBeUndefined();
  });
});

describe("a server's log", () => {
  it("is turned over when it is large, and only then", async () => {
    const file = join(await folder(), "postgres.log");
    await writeFile(file, "0123456789");
    await turnOver(file, 10);
    expect(await logTail(file)).toBe("0123456789");
    await turnOver(file, 9);
    expect([await logTail(file), await logTail(`${file}.1`)]).toEqual(["", "0123456789"]);
  });
});

describe("the packaged binaries", () => {
  it("get the links that an install without scripts leaves out", async () => {
    const root = await folder();
    await mkdir(join(root, "native", "lib"), { recursive: true });
    await writeFile(join(root, "native", "lib", "libx.so.60.2"), "library");
    const links = [{ source: "native/lib/libx.so.60.2", target: "native/lib/libx.so.60" }];
    await writeFile(join(root, "native", "pg-symlinks.json"), JSON.stringify(links));
    await repairLinks(root);
    await repairLinks(root);
    expect(await readFile(join(root, "native", "lib", "libx.so.60"), "utf8")).toBe("library");
  });
});
