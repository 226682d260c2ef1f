import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Need } from "../../core/identity/decide-access.ts";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import type { Permission } from "../../core/identity/roles.ts";
import { crc32c } from "../../core/values/crc32c.ts";
import { googleError, type Refusal, refusal } from "../../core/values/google-error.ts";
import { ok, type Result } from "../../core/values/result.ts";
import { type Authority, right, rightOnNew } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import { etagOf, type StoredSecret, type StoredVersion, type VersionState } from "./secret-resources.ts";
import type { SecretStore } from "./secret-store.ts";

const id = z.string().regex(/^[a-zA-Z0-9_-]{1,255}$/);
const params = z.object({ project: z.string(), secret: id.optional(), version: z.string().optional() });
const texts = z.record(z.string(), z.string()).default({});
const createBody = z.object({ labels: texts, annotations: texts });
const addBody = z.object({
  payload: z.object({
    data: z.base64().default(""),
    dataCrc32c: z.union([z.string().regex(/^\d{1,10}$/), z.number().int()]).optional(),
  }),
});
const listQuery = z.object({
  pageSize: z.coerce.number().int().min(0).optional(),
  pageToken: z.string().optional(),
  filter: z.string().optional(),
});

/** Google's largest page. */
const MAX_PAGE_SIZE = 25_000;
/** Ours, as a page is held in memory. */
const PAGE_SIZE = 1_000;

export interface SecretManagerOptions {
  readonly secrets: SecretStore;
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;
  readonly authority: Authority;
}

/** A request whose caller has the right that the route needs. */
interface Call {
  readonly request: FastifyRequest;
  readonly project: string;
  readonly secret: string;
  readonly version: string;
}

type Answer = Result<unknown, Refusal>;

/**
 * The routes of Secret Manager v1 that are there: secrets create, get, list; versions add, get, access, list, enable,
 * disable, destroy. Each names the right that it needs.
 */
export function registerSecretManagerV1(app: FastifyInstance, options: SecretManagerOptions): void {
  const { secrets } = options;
  app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      const isBadRequest = error instanceof z.ZodError || statusOf(error) < 500;
      const message = error instanceof z.ZodError ? z.prettifyError(error) : "The request could not be read.";
      // A failure of ours is not told to the caller: its text may hold what was being worked on.
      if (isBadRequest) return send(reply, refusal("INVALID_ARGUMENT", message));
      request.log.error({ err: error }, "secret manager request failed");
      return send(reply, refusal("INTERNAL", "Internal error."));
    });

    const route: RegisterRoute = (method, url, permission, handle) =>
      scope.route({
        method,
        url,
        handler: async (request, reply) => {
          const call = await admitted(request, permission, options);
          const answer = call.ok ? await handle(call.value) : call;
          return answer.ok ? reply.send(answer.value) : send(reply, answer.error);
        },
      });

    for (const { method, url, permission, operation } of UNWRITTEN) {
      const message = `${operation} is not there in the embedded cloud.`;
      route(method, url, permission, async () => ({ ok: false, error: refusal("UNIMPLEMENTED", message) }));
    }
    registerSecrets(route, secrets);
    registerVersions(route, secrets);
  });
}

type SecretPermission = Extract<Permission, `secretmanager.${string}`>;
type RegisterRoute = (
  method: "GET" | "POST" | "DELETE" | "PATCH",
  url: string,
  permission: SecretPermission,
  handle: (call: Call) => Promise<Answer>,
) => unknown;

const SECRETS_PATH = "/v1/projects/:project/secrets";
const SECRET_PATH = `${SECRETS_PATH}/:secret`;
const VERSIONS_PATH = `${SECRET_PATH}/versions`;
/** Fastify takes Google's verbs in this spelling only. */
const verbPath = (path: string, verb: string) => `${path}(^[^:/]+)::${verb}`;

/** Operations of the real service that this one does not have. They say so: silence would look like success. */
const UNWRITTEN = [
  {
    method: "DELETE",
    url: SECRET_PATH,
    permission: "secretmanager.secrets.delete",
    operation: "secretmanager.projects.secrets.delete",
  },
  {
    method: "PATCH",
    url: SECRET_PATH,
    permission: "secretmanager.secrets.update",
    operation: "secretmanager.projects.secrets.patch",
  },
  {
    method: "GET",
    url: verbPath(SECRET_PATH, "getIamPolicy"),
    permission: "secretmanager.secrets.getIamPolicy",
    operation: "secretmanager.projects.secrets.getIamPolicy",
  },
  {
    method: "POST",
    url: verbPath(SECRET_PATH, "setIamPolicy"),
    permission: "secretmanager.secrets.setIamPolicy",
    operation: "secretmanager.projects.secrets.setIamPolicy",
  },
  {
    method: "POST",
    url: verbPath(SECRET_PATH, "testIamPermissions"),
    permission: "secretmanager.secrets.get",
    operation: "secretmanager.projects.secrets.testIamPermissions",
  },
] as const;

function registerSecrets(route: RegisterRoute, secrets: SecretStore): void {
  route("POST", SECRETS_PATH, "secretmanager.secrets.create", async ({ request, project }) => {
    const { secretId } = z.object({ secretId: id }).parse(request.query);
    const about = createBody.parse(request.body ?? {});
    return mapped(await secrets.create({ project, secret: secretId }, about), secretJson);
  });
  route("GET", SECRETS_PATH, "secretmanager.secrets.list", async ({ request, project }) => {
    const { size, token } = pageAsked(request);
    const page = await secrets.list(project, { size, ...(token === undefined ? {} : { token }) });
    return ok({ secrets: page.items.map(secretJson), ...nextPage(page) });
  });
  route("GET", SECRET_PATH, "secretmanager.secrets.get", async (call) => mapped(await secrets.get(call), secretJson));
  route("POST", verbPath(SECRET_PATH, "addVersion"), "secretmanager.versions.add", async (call) => {
    const { data, dataCrc32c } = addBody.parse(call.request.body ?? {}).payload;
    const value = Buffer.from(data, "base64");
    if (dataCrc32c !== undefined && Number(dataCrc32c) !== crc32c(value)) {
      return { ok: false, error: refusal("INVALID_ARGUMENT", "The payload does not match its checksum (dataCrc32c).") };
    }
    return mapped(await secrets.addVersion(call, value), (version) => ({
      ...versionJson(version),
      clientSpecifiedPayloadChecksum: dataCrc32c !== undefined,
    }));
  });
}

function registerVersions(route: RegisterRoute, secrets: SecretStore): void {
  route("GET", VERSIONS_PATH, "secretmanager.versions.list", async (call) => {
    const { size, token, filter } = pageAsked(call.request);
    const state = stateAsked(filter);
    if (!state.ok) return state;
    const page = await secrets.listVersions(call, {
      size,
      ...(token === undefined ? {} : { token }),
      ...(state.value === undefined ? {} : { state: state.value }),
    });
    return mapped(page, (found) => ({ versions: found.items.map(versionJson), ...nextPage(found) }));
  });
  route("GET", `${VERSIONS_PATH}/:version`, "secretmanager.versions.get", async (call) =>
    mapped(await secrets.getVersion(call), versionJson),
  );
  route("GET", verbPath(`${VERSIONS_PATH}/:version`, "access"), "secretmanager.versions.access", async (call) =>
    mapped(await secrets.read(call), ({ version, value }) => ({
      name: version.name,
      payload: { data: Buffer.from(value).toString("base64"), dataCrc32c: String(crc32c(value)) },
    })),
  );
  const changes = { enable: "ENABLED", disable: "DISABLED", destroy: "DESTROYED" } as const;
  for (const verb of ["enable", "disable", "destroy"] as const) {
    const state = changes[verb];
    route("POST", verbPath(`${VERSIONS_PATH}/:version`, verb), `secretmanager.versions.${verb}`, async (call) =>
      mapped(await secrets.setState(call, state), versionJson),
    );
  }
}

async function admitted(
  request: FastifyRequest,
  permission: SecretPermission,
  { callerOf, authority }: SecretManagerOptions,
): Promise<Result<Call, Refusal>> {
  const { project, secret = "", version = "" } = params.parse(request.params);
  const judged = await authority.authorize({
    caller: await callerOf(request),
    needs: [needOf(request, permission)],
    requestId: request.id,
  });
  return judged.ok ? ok({ request, project, secret, version }) : judged;
}

/** A secret is made under its own name, so that a role on that one secret is enough to make it. */
function needOf(request: FastifyRequest, permission: SecretPermission): Need {
  const url = request.routeOptions.url ?? "";
  const resource = resourceOfRoute(url, request.params as Readonly<Record<string, string>>);
  if (permission !== "secretmanager.secrets.create") return right(permission, resource);
  const { secretId } = z.object({ secretId: id }).parse(request.query);
  return rightOnNew(permission, `${resource}/secrets/${secretId}`, resource);
}

function pageAsked(request: FastifyRequest): {
  readonly size: number;
  readonly token?: string;
  readonly filter?: string;
} {
  const { pageSize = 0, pageToken = "", filter = "" } = listQuery.parse(request.query);
  const size = pageSize === 0 ? PAGE_SIZE : Math.min(pageSize, MAX_PAGE_SIZE, PAGE_SIZE);
  return { size, ...(pageToken === "" ? {} : { token: pageToken }), ...(filter === "" ? {} : { filter }) };
}

function stateAsked(filter: string | undefined): Result<VersionState | undefined, Refusal> {
  if (filter === undefined) return ok(undefined);
  const state = /^state[:=](ENABLED|DISABLED|DESTROYED)$/i.exec(filter.trim())?.[1]?.toUpperCase();
  if (state === "ENABLED" || state === "DISABLED" || state === "DESTROYED") return ok(state);
  return { ok: false, error: refusal("INVALID_ARGUMENT", "Of filters only state:ENABLED and its like are there.") };
}

function secretJson(secret: StoredSecret): unknown {
  return { ...secret, replication: { automatic: {} }, etag: etagOf(secret) };
}

function versionJson(version: StoredVersion): Record<string, unknown> {
  const { sealed: _, ...rest } = version;
  return { ...rest, replicationStatus: { automatic: {} }, etag: etagOf(rest) };
}

function nextPage({ nextPageToken }: { readonly nextPageToken?: string }): { readonly nextPageToken?: string } {
  return nextPageToken === undefined ? {} : { nextPageToken };
}

function mapped<T>(result: Result<T, Refusal>, map: (value: T) => unknown): Answer {
  return result.ok ? ok(map(result.value)) : result;
}

function send(reply: FastifyReply, error: Refusal): FastifyReply {
  const { httpStatus, body } = googleError(error);
  return reply.status(httpStatus).send(body);
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : 500;
}
