/** Who may do what: grants from the umbrella's platform file, the audit log, and the authority that uses both. */
import { createHmac } from "node:crypto";
import { createAuditCheckpoint } from "../adapters/identity/audit-checkpoint.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import type { SecretAccess } from "../cloud/run/instance-spec.ts";
import type { SecretStore } from "../cloud/secret-manager-v1/secret-store.ts";
import type { Build } from "../core/build/state.ts";
import { defaultAccount } from "../core/identity/decide-access.ts";
import { isWithin } from "../core/identity/resource-name.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { Secret } from "../core/values/secret.ts";
import { AuditLog } from "../engine/access/audit-log.ts";
import { createAuthority } from "../engine/access/authority.ts";
import { createGrants, type Grants } from "../engine/access/grants.ts";
import { type Authority, right } from "../ports/authority.ts";
import type { Foundation } from "./foundation.ts";
import { platformReader } from "./platform-reader.ts";

export interface Access {
  readonly audit: AuditLog;
  readonly grants: Grants;
  readonly authority: Authority;
  /** The account that a build runs as; empty in a project of no environment. */
  readonly accountOf: (build: Build) => Promise<string>;
  /** The project of the environment whose registry holds the repository; empty for one of no environment. */
  readonly projectOfImage: (repository: string) => Promise<string>;
  /** A secret's version for an instance of a service or a job. */
  readonly instanceSecret: (asked: SecretAccess) => Promise<Secret | "unknown" | "denied">;
  /** A secret's version by its full name, for a build. */
  readonly buildSecret: (versionName: string, build: Build) => Promise<Result<Secret, string>>;
}

const VERSION_NAME = /^projects\/([^/]+)\/secrets\/([^/]+)\/versions\/([^/]+)$/;

/** Puts it together over what is stored. */
export function composeAccess({ installation, paths, store, request }: Foundation, secrets: SecretStore): Access {
  const audit = new AuditLog({
    eventLog: store.eventLog,
    // A key of its own, so that no signature of one use says anything in the other.
    key: createHmac("sha256", installation.signingKey).update("audit log").digest(),
    checkpoint: createAuditCheckpoint(paths.auditCheckpoint),
    clock,
  });
  const platform = platformReader(request.directory);
  const grants = createGrants({ platform, documents: store.documents });
  const authority = createAuthority({ book: grants.book, audit, clock });
  const accountOf = async ({ config, project }: Build) =>
    config.serviceAccount?.split("/").at(-1) ?? defaultAccount(await grants.book(), project, "build") ?? "";
  const read = async (version: { project: string; secret: string; version: string }, as: Reader) => {
    const { environments } = await grants.book();
    // In a project of no environment only people make builds and services, so what runs there reads what is theirs.
    const isPeoples = version.project === as.project && !environments.some(({ project }) => project === as.project);
    if (isPeoples) return (await secrets.access(version.project, version.secret, version.version)) ?? "unknown";
    const resource = `projects/${version.project}/secrets/${version.secret}`;
    const caller = { kind: "identity", environment: "", ...as } as const;
    const needs = [right("secretmanager.versions.access", resource)] as const;
    const judged = await authority.authorize({ caller, needs, requestId: as.requestId });
    if (!judged.ok) return "denied";
    return (await secrets.access(version.project, version.secret, version.version)) ?? "unknown";
  };
  return {
    audit,
    grants,
    authority,
    accountOf,
    async projectOfImage(repository) {
      const environments = Object.values((await platform())?.environments ?? {});
      return environments.find(({ registry }) => isWithin(repository, registry))?.project ?? "";
    },
    async instanceSecret({ account, of, ...version }) {
      const email = account === "" ? defaultAccount(await grants.book(), of, "service") : account;
      return read(version, { email: email ?? "", project: of, requestId: "instance" });
    },
    async buildSecret(versionName, build) {
      const [, project = "", secret = "", version = ""] = VERSION_NAME.exec(versionName) ?? [];
      const email = await accountOf(build);
      const value = await read({ project, secret, version }, { email, project: build.project, requestId: build.id });
      if (value === "unknown") return err(`rpc error: code = NotFound desc = Secret [${versionName}] not found.`);
      if (value !== "denied") return ok(value);
      const denied = `Permission 'secretmanager.versions.access' denied on resource '${versionName}' (or it may not exist)`;
      return err(`rpc error: code = PermissionDenied desc = ${denied}: ${email} reads it only once it is granted.`);
    },
  };
}

interface Reader {
  readonly email: string;
  readonly project: string;
  readonly requestId: string;
}
