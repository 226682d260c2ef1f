import type { Secret } from "../core/values/secret.ts";
import type { Secrets } from "./secrets.ts";

/** Secrets in memory, with the one thing that only a person does elsewhere: disabling a version. */
export function createMemorySecrets(): { readonly secrets: Secrets; readonly disable: DisableVersion } {
  const versions = new Map<string, { readonly value: Secret; isEnabled: boolean }[]>();
  const at = (secret: string, version: string) => versions.get(secret)?.[Number(version) - 1];
  const latest = (secret: string) => {
    const index = (versions.get(secret) ?? []).findLastIndex(({ isEnabled }) => isEnabled);
    return index === -1 ? undefined : String(index + 1);
  };
  return {
    secrets: {
      latestVersion: async (secret) => latest(secret),
      async access(secret, version) {
        const found = at(secret, version);
        return found?.isEnabled === true ? found.value : undefined;
      },
      async put(secret, value) {
        const newest = latest(secret);
        if (newest !== undefined && at(secret, newest)?.value.reveal() === value.reveal()) return newest;
        const all = [...(versions.get(secret) ?? []), { value, isEnabled: true }];
        versions.set(secret, all);
        return String(all.length);
      },
    },
    async disable(secret, version) {
      const found = at(secret, version);
      if (found !== undefined) found.isEnabled = false;
    },
  };
}

type DisableVersion = (secret: string, version: string) => Promise<void>;
