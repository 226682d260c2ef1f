import { z } from "zod";
import { fullReference, namesItsPort } from "../../../core/values/image-name.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { LocalImages } from "../../../ports/local-images.ts";
import { type DockerEngine, jsonLines } from "./docker-engine.ts";

/** Cloud Build's own patience with registries: ten tries, 0.5 s × 1.3 between them, 10 s at most. */
const TRIES = 10;
const FIRST_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.3;
const MAX_PAUSE_MS = 10_000;

/** Images of the engine, and the way to and from registries. */
export interface DockerImages extends LocalImages {
  /** What the engine knows of an image; undefined where it has none of that name. */
  find(reference: string): Promise<{ readonly digest: string | undefined } | undefined>;
  /** Fetches an image: from this installation's registry where it has it, otherwise from where its name says. */
  pull(reference: string, signal: AbortSignal): Promise<Result<void, string>>;
}

export interface DockerImagesOptions {
  readonly engine: DockerEngine;
  /** This installation's registry, such as `127.0.0.1:5000`: it keeps every image under its full name. */
  readonly registryHost: string;
  /** Whether that registry has the image. */
  readonly isInRegistry: (reference: string) => Promise<boolean>;
  readonly clock: Clock;
}

const inspected = z.object({ RepoDigests: z.array(z.string()).nullish() });
const message = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  aux: z.object({ Digest: z.string().optional() }).optional(),
});

/** The engine's images. */
export function createDockerImages(options: DockerImagesOptions): DockerImages {
  const { engine, registryHost } = options;
  const find = async (reference: string) => {
    const found = await engine.json("GET", `/images/${reference}/json`);
    if (found === undefined) return undefined;
    const [digest] = inspected.parse(found).RepoDigests ?? [];
    return { digest: digest?.split("@")[1] };
  };
  return {
    find,
    has: async (reference) => (await find(reference)) !== undefined,
    async pull(reference, signal) {
      const isOwn = await options.isInRegistry(reference);
      const from = isOwn ? `${registryHost}/${fullReference(reference)}` : reference;
      const pulled = await persistently(options, signal, () => fetchImage(engine, from, signal));
      if (!pulled.ok || !isOwn) return pulled;
      await tag(engine, from, reference);
      await untag(engine, from);
      return ok(undefined);
    },
    async push(reference, { onLine, signal }) {
      const to = namesItsPort(reference) ? reference : `${registryHost}/${fullReference(reference)}`;
      if ((await find(reference)) === undefined) return err(`the Docker Engine has no image ${reference}`);
      if (to !== reference) await tag(engine, reference, to);
      try {
        return await persistently(options, signal, () => pushImage(engine, to, { onLine, signal }));
      } finally {
        if (to !== reference) await untag(engine, to);
      }
    },
  };
}

async function fetchImage(engine: DockerEngine, reference: string, signal: AbortSignal): Promise<Result<void, string>> {
  const { name, suffix } = splitReference(reference);
  const query = new URLSearchParams({ fromImage: name, tag: suffix });
  for await (const line of jsonLines(await engine.stream("POST", `/images/create?${query}`, { signal }))) {
    const { error } = message.parse(line);
    if (error !== undefined) return err(error);
  }
  return ok(undefined);
}

async function pushImage(
  engine: DockerEngine,
  reference: string,
  { onLine, signal }: { readonly onLine: (text: string) => void; readonly signal: AbortSignal },
): Promise<Result<string, string>> {
  const { name, suffix } = splitReference(reference);
  // The engine wants some identity; this installation's registry asks for none on this machine.
  const headers = { "x-registry-auth": Buffer.from("{}").toString("base64") };
  const path = `/images/${name}/push?${new URLSearchParams({ tag: suffix })}`;
  let digest: string | undefined;
  onLine(`The push refers to repository [${name.split("/").slice(1).join("/")}]`);
  for await (const line of jsonLines(await engine.stream("POST", path, { headers, signal }))) {
    const { error, aux, status } = message.parse(line);
    if (error !== undefined) return err(error);
    digest = aux?.Digest ?? digest;
    if (status?.includes("digest: ") === true) onLine(status);
  }
  return digest === undefined ? err("the Docker Engine named no digest") : ok(digest);
}

/** Tries again what may go well another time. */
async function persistently<T>(
  { clock }: DockerImagesOptions,
  signal: AbortSignal,
  attempt: () => Promise<Result<T, string>>,
): Promise<Result<T, string>> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let left = TRIES; ; left -= 1) {
    const done = await attempt().catch((cause: unknown) => err(cause instanceof Error ? cause.message : String(cause)));
    if (done.ok || left <= 1 || signal.aborted || isFinal(done.error)) return done;
    await clock.sleep(pauseMs, signal);
    pauseMs = Math.min(pauseMs * PAUSE_GROWTH, MAX_PAUSE_MS);
  }
}

/** Answers that another try does not change. */
function isFinal(reason: string): boolean {
  return /not found|manifest unknown|denied|unauthorized|no such host|no such image|does not exist|refused|invalid/i.test(
    reason,
  );
}

async function tag(engine: DockerEngine, from: string, to: string): Promise<void> {
  const { name, suffix } = splitReference(to);
  await engine.json("POST", `/images/${from}/tag?${new URLSearchParams({ repo: name, tag: suffix })}`);
}

async function untag(engine: DockerEngine, reference: string): Promise<void> {
  await engine.json("DELETE", `/images/${reference}?noprune=true`).catch(() => {}); // a name too many does no harm
}

/** `name` and what follows it: the digest, or the tag. */
function splitReference(reference: string): { readonly name: string; readonly suffix: string } {
  const [name = "", digest] = reference.split("@");
  if (digest !== undefined) return { name, suffix: digest };
  const tagged = /^(.*):([^/:]+)$/.exec(name);
  return { name: tagged?.[1] ?? name, suffix: tagged?.[2] ?? "latest" };
}
