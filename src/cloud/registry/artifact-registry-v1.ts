import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Denial } from "../../core/identity/denial.ts";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import type { Permission } from "../../core/identity/roles.ts";
import { toIso } from "../../core/values/time.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Caller } from "../../ports/identities.ts";
import { dockerImageJson, hostPrefix, packageJson, repositoryJson, versionJson } from "./artifact-json.ts";
import type { ImageCatalogue, ListedImage } from "./image-catalogue.ts";

const COLLECTION = "artifact-repositories";
const MAX_REPOSITORIES = 1_000;
const PLACE = "/v1/projects/:project/locations/:location/repositories";
const REPOSITORY_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

const createBody = z.object({
  format: z.string().default("DOCKER"),
  description: z.string().max(1_024).optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

/** A repository that was made; others are there as soon as they hold an image. */
interface StoredRepository {
  readonly description?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly createTime: string;
}

/** What a call names. */
interface Named {
  readonly project: string;
  readonly location: string;
  readonly repository: string;
}

type Refused = { readonly refused: readonly [code: number, status: string, message: string] };
type Answer = Promise<Refused | object>;

export interface ArtifactRegistryOptions {
  readonly images: ImageCatalogue;
  readonly documents: Documents;
  readonly clock: Clock;
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
}

/**
 * The slice of Artifact Registry v1 that `gcloud artifacts repositories` and `docker images list` ask, over the
 * installation's registry: repositories create, get, list; Docker images, packages and versions list.
 */
export function registerArtifactRegistryV1(app: FastifyInstance, options: ArtifactRegistryOptions): void {
  const { images, documents, clock, callerOf, authority } = options;
  const route = routesOf(app, { callerOf, authority });
  const imagesOf = (named: Named) => images.beneath(hostPrefix(named));
  const stored = async (named: Named) => await documents.get<StoredRepository>(COLLECTION, keyOf(named));
  /** The images of a repository that is there. */
  const present = async (named: Named): Promise<readonly ListedImage[] | Refused> => {
    const found = isName(named) ? await imagesOf(named) : [];
    return found.length > 0 || (await stored(named)) !== undefined ? found : absent(named);
  };

  route("POST", PLACE, "artifactregistry.repositories.create", async (place, { query, body }) => {
    const named = { ...place, repository: String((query as { repositoryId?: unknown }).repositoryId ?? "") };
    const read = createBody.safeParse(body ?? {});
    if (!read.success || !REPOSITORY_ID.test(named.repository) || !isName(named)) {
      return invalid(read.success ? "repository_id: is no name of a repository." : z.prettifyError(read.error));
    }
    const { format, ...about } = read.data;
    if (format !== "DOCKER" && format !== "1") return invalid("format: only DOCKER is there in the embedded cloud.");
    const repository: StoredRepository = { ...about, createTime: toIso(clock.now()) };
    const written = await documents.put(COLLECTION, keyOf(named), repository, 0);
    if (!written.ok) return { refused: [409, "ALREADY_EXISTS", "the repository already exists"] };
    const type = "type.googleapis.com/google.devtools.artifactregistry.v1.Repository";
    const response = { "@type": type, ...repositoryJson(named, repository) };
    return { name: `projects/${named.project}/locations/${named.location}/operations/done`, done: true, response };
  });
  route("GET", PLACE, "artifactregistry.repositories.list", async (place) => {
    const prefix = `${place.project}/${place.location}/`;
    const found = await documents.list<StoredRepository>({ collection: COLLECTION, prefix, limit: MAX_REPOSITORIES });
    const made = found.map(({ key, value }) =>
      repositoryJson({ ...place, repository: key.slice(prefix.length) }, value),
    );
    return { repositories: made };
  });
  route("GET", `${PLACE}/:repository(^[^:/]+)`, "artifactregistry.repositories.get", async (named) => {
    const found = await present(named);
    if ("refused" in found) return found;
    const first = found.map(({ pushedAt }) => pushedAt.toISOString()).toSorted()[0];
    return repositoryJson(named, (await stored(named))?.value ?? { createTime: first ?? "" });
  });
  route("GET", `${PLACE}/:repository/dockerImages`, "artifactregistry.dockerimages.list", async (named) => {
    const found = await present(named);
    if ("refused" in found) return found;
    return { dockerImages: found.map((image) => dockerImageJson(named, image)) };
  });
  route("GET", `${PLACE}/:repository/packages`, "artifactregistry.packages.list", async (named) => {
    const found = await present(named);
    if ("refused" in found) return found;
    const names = [...new Set(found.map(({ repository }) => repository))];
    return { packages: names.map((name) => packageJson(named, name)) };
  });
  route(
    "GET",
    `${PLACE}/:repository/packages/:package/versions`,
    "artifactregistry.versions.list",
    async (named, { params, query }) => {
      const found = await present(named);
      if ("refused" in found) return found;
      const name = `${hostPrefix(named)}${(params as { package: string }).package}`;
      const own = found.filter(({ repository }) => repository === name);
      if (own.length === 0) return absent(named);
      const { orderBy } = query as { orderBy?: unknown };
      const newest = typeof orderBy === "string" && / desc$/.test(orderBy) ? -1 : 1;
      const ordered = own.toSorted((a, b) => newest * (a.pushedAt.getTime() - b.pushedAt.getTime()));
      return { versions: ordered.map((image) => versionJson(named, image)) };
    },
  );
}

/** Adds a route whose caller has the right that it needs. */
function routesOf(
  app: FastifyInstance,
  { callerOf, authority }: Pick<ArtifactRegistryOptions, "callerOf" | "authority">,
) {
  return (
    method: "GET" | "POST",
    url: string,
    permission: Permission,
    handle: (named: Named, request: FastifyRequest) => Answer,
  ) =>
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const params = request.params as Record<string, string>;
        const { project, location, repository = "" } = params;
        const named = { project: project ?? "", location: location ?? "", repository };
        const needs = [right(permission, resourceOfRoute(request.routeOptions.url ?? "", params))] as const;
        const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
        const answer = judged.ok ? await handle(named, request) : denial(judged.error);
        return "refused" in answer ? refuse(reply, answer as Refused) : answer;
      },
    });
}

/** Whether the parts can be those of an image's name: they become a path. */
function isName({ project, location, repository }: Named): boolean {
  return [project, location, repository].every((part) => /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/.test(part));
}

function keyOf({ project, location, repository }: Named): string {
  return `${project}/${location}/${repository}`;
}

function absent({ project, location, repository }: Named): Refused {
  const name = `projects/${project}/locations/${location}/repositories/${repository}`;
  return { refused: [404, "NOT_FOUND", `Requested entity was not found: ${name}`] };
}

function invalid(message: string): Refused {
  return { refused: [400, "INVALID_ARGUMENT", message] };
}

function denial({ status, message }: Denial): Refused {
  return { refused: [status === "UNAUTHENTICATED" ? 401 : 403, status, message] };
}

function refuse(reply: FastifyReply, { refused: [code, status, message] }: Refused): FastifyReply {
  return reply.code(code).send({ error: { code, message, status } });
}
