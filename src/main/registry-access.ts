import { systemIds as ids } from "../adapters/system/system-ids.ts";
import type { RegistryAction } from "../cloud/registry/registry-server.ts";
import { decideAccess } from "../core/identity/decide-access.ts";
import { right } from "../ports/authority.ts";
import type { Identities } from "../ports/identities.ts";
import type { Access } from "./compose-access.ts";

/**
 * Who may use the registry. Whoever shows a token is judged by it: an identity reaches its own environment's images only.
 * Docker clients show none, and reach the registry as anybody on this machine does (see docs/differences.md).
 */
export function registryAccess({
  identities,
  access,
}: {
  readonly identities: Identities;
  readonly access: Pick<Access, "authority" | "projectOfImage">;
}) {
  return async (token: string, action: RegistryAction, repository: string): Promise<boolean> => {
    if (token === "") return true;
    const caller = await identities.verify(token);
    const need = right(
      action === "pull"
        ? "artifactregistry.repositories.downloadArtifacts"
        : "artifactregistry.repositories.uploadArtifacts",
      `projects/${await access.projectOfImage(repository)}/repositories/${repository}`,
    );
    // Pieces become an image with their manifest, which is what is recorded; a refusal always is.
    if (action === "upload" && caller !== undefined && caller.kind !== "person") {
      const { email } = caller;
      if (decideAccess({ kind: "account", email }, need, await access.authority.book()).allowed) return true;
    }
    return (await access.authority.authorize({ caller, needs: [need], requestId: ids.uuid() })).ok;
  };
}
