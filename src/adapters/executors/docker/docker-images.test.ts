/** The engine's patience, over real HTTP on a socket; what real engines do with images is in the contract tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { instant } from "../../../core/values/time.ts";
import { findDockerEngine } from "./docker-engine.ts";
import { createDockerImages, type DockerImages } from "./docker-images.ts";

const DIRECTORY = mkdtempSync(join(tmpdir(), "mobius-docker-"));
const SOCKET = join(DIRECTORY, "docker.sock");
const DIGEST = `sha256:${"a".repeat(64)}`;

/** What each push is answered with, in their order; the last one goes on. */
let answers: readonly object[] = [];
let pushes = 0;
/** Virtual time, which passes only in waiting. */
let now = 0;
let images: DockerImages;

const server = createServer((request, response) => {
  const path = request.url ?? "";
  if (path === "/version") response.end(JSON.stringify({ ApiVersion: "1.43" }));
  else if (path.includes("/push?")) {
    response.end(`${JSON.stringify({ status: "Preparing" })}\n${JSON.stringify(answers[pushes] ?? answers.at(-1))}\n`);
    pushes += 1;
  } else response.end("{}");
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(SOCKET, resolve));
  const engine = await findDockerEngine(SOCKET);
  if (engine === undefined) throw new Error("the server at the socket does not answer");
  const clock = {
    now: () => instant(now),
    monotonicMs: () => now,
    async sleep(ms: number) {
      now += ms;
    },
  };
  images = createDockerImages({ engine, registryHost: "127.0.0.1:5000", isInRegistry: async () => true, clock });
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(DIRECTORY, { recursive: true, force: true });
});
beforeEach(() => {
  pushes = 0;
  now = 0;
});

const push = (signal = new AbortController().signal) => images.push("gcr.io/p1/x:1", { onLine: () => {}, signal });

it("tries a push again until it goes well", async () => {
  answers = [{ error: "received 503" }, { error: "connection reset" }, { aux: { Digest: DIGEST } }];
  expect(await push()).toEqual({ ok: true, value: DIGEST });
  expect({ pushes, now }).toEqual({ pushes: 3, now: 500 + 650 });
});

it("gives up after ten tries, with what was said last, and pauses that grow to no more than ten seconds", async () => {
  answers = [{ error: "received 503" }];
  expect(await push()).toEqual({ ok: false, error: "received 503" });
  const pauses = Array.from({ length: 9 }, (_, at) => Math.min(500 * 1.3 ** at, 10_000));
  expect(pushes).toBe(10);
  expect(now).toBeCloseTo(pauses.reduce((sum, pause) => sum + pause, 0));
});

it.each([{ error: "denied: no permission" }, { error: "manifest unknown" }])(
  "does not try again after %o",
  async (refusal) => {
    answers = [refusal];
    expect(await push()).toEqual({ ok: false, error: refusal.error });
    expect({ pushes, now }).toEqual({ pushes: 1, now: 0 });
  },
);

it("takes a push that names no digest for a failure", async () => {
  answers = [{ status: "latest: done" }];
  expect(await push()).toMatchObject({ ok: false, error: "the Docker Engine named no digest" });
});

it("does not begin again when it is told to end", async () => {
  const told = new AbortController();
  answers = [{ error: "received 503" }];
  told.abort();
  expect((await push(told.signal)).ok).toBe(false);
  expect(pushes).toBeLessThanOrEqual(1);
});
