import { z } from "zod";
import { crc32c } from "../../core/values/crc32c.ts";
import { Secret } from "../../core/values/secret.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { Endpoint } from "./client-options.ts";

const ORIGIN = "https://secretmanager.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const CALL_TIMEOUT_MS = 30_000;

const versionsShape = z.object({ versions: z.array(z.object({ name: z.string() })).default([]) });
const versionShape = z.object({ name: z.string() });
const accessShape = z.object({
  payload: z.object({ data: z.base64().default(""), dataCrc32c: z.union([z.string(), z.number()]).optional() }),
});

/** A request to Secret Manager and the statuses beside 2xx that its caller understands. */
interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly understood: readonly number[];
}

/**
 * Secret Manager of one project over its REST API: three calls, for which Google's own client would load for 0.2 s.
 * Values are text; a version that holds other bytes, or whose checksum is wrong, is refused by an error.
 */
export function createSecrets({
  endpoint,
  project,
}: {
  readonly endpoint: Endpoint;
  readonly project: string;
}): Secrets {
  const call = createCall(endpoint);
  const path = (secret: string) => `/v1/projects/${encodeURIComponent(project)}/secrets/${encodeURIComponent(secret)}`;

  const latestVersion = async (secret: string): Promise<string | undefined> => {
    // Newest first. `latest` would not do: it is the newest version even where that one is disabled.
    const query = new URLSearchParams({ filter: "state:ENABLED", pageSize: "1" });
    const found = await call({ method: "GET", path: `${path(secret)}/versions?${query}`, understood: [404] });
    if (found.status === 404) return undefined;
    const [version] = versionsShape.parse(found.body).versions;
    return version === undefined ? undefined : numberOf(version.name);
  };

  const access = async (secret: string, version: string): Promise<Secret | undefined> => {
    // 400 is Google's answer for a version that is disabled or destroyed.
    const url = `${path(secret)}/versions/${encodeURIComponent(version)}:access`;
    const found = await call({ method: "GET", path: url, understood: [400, 404] });
    if (found.status !== 200) return undefined;
    const { data, dataCrc32c } = accessShape.parse(found.body).payload;
    const bytes = Buffer.from(data, "base64");
    if (dataCrc32c !== undefined && Number(dataCrc32c) !== crc32c(bytes)) {
      throw new Error(`version ${version} of secret ${secret} came with a wrong checksum`);
    }
    return new Secret(textOf(bytes, secret));
  };

  return {
    latestVersion,
    access,
    async put(secret, value) {
      const newest = await latestVersion(secret);
      if (newest !== undefined && (await access(secret, newest))?.reveal() === value.reveal()) return newest;
      if (newest === undefined) await create(call, path(""), secret);
      const bytes = bytesOf(value, secret);
      const payload = { data: Buffer.from(bytes).toString("base64"), dataCrc32c: String(crc32c(bytes)) };
      const added = await call({
        method: "POST",
        path: `${path(secret)}:addVersion`,
        body: { payload },
        understood: [],
      });
      return numberOf(versionShape.parse(added.body).name);
    },
  };
}

type Call = (request: Request) => Promise<{ readonly status: number; readonly body: unknown }>;

async function create(call: Call, secretsPath: string, secret: string): Promise<void> {
  const query = new URLSearchParams({ secretId: secret });
  const body = { replication: { automatic: {} } };
  // 409: it is there already, without an enabled version, or somebody else was first.
  await call({ method: "POST", path: `${secretsPath.replace(/\/$/, "")}?${query}`, body, understood: [409] });
}

function createCall(endpoint: Endpoint): Call {
  const tokenOf = tokenSource(endpoint);
  const origin = endpoint.kind === "google" ? ORIGIN : endpoint.url;
  return async ({ method, path, body, understood }) => {
    const response = await fetch(new URL(path, origin), {
      method,
      headers: { authorization: `Bearer ${(await tokenOf()).reveal()}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.ok || understood.includes(response.status)) {
      return { status: response.status, body: await response.json().catch(() => ({})) };
    }
    // The answer's own words, never the request's: those may hold the value.
    throw new Error(`Secret Manager answered ${response.status} to ${method} ${path}: ${await messageOf(response)}`);
  };
}

function tokenSource(endpoint: Endpoint): () => Promise<Secret> {
  if (endpoint.kind === "embedded") return async () => endpoint.token;
  const authorized = import("google-auth-library").then(({ GoogleAuth }) => new GoogleAuth({ scopes: SCOPE }));
  return async () => new Secret((await (await authorized).getAccessToken()) ?? "");
}

async function messageOf(response: Response): Promise<string> {
  const parsed = z
    .object({ error: z.object({ message: z.string() }) })
    .safeParse(await response.json().catch(() => ({})));
  return parsed.success ? parsed.data.error.message : "no reason given";
}

function numberOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** A lone surrogate has no bytes: it would come back as another character. */
function bytesOf(value: Secret, secret: string): Uint8Array {
  if (!value.reveal().isWellFormed()) throw new Error(`the value for secret ${secret} is not well-formed text`);
  return new TextEncoder().encode(value.reveal());
}

/** A byte order mark is part of the value. */
function textOf(bytes: Uint8Array, secret: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`secret ${secret} holds bytes that are no UTF-8 text`, { cause });
  }
}
