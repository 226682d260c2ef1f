import type { Secret } from "../core/values/secret.ts";

/** Secret Manager of one environment. Values keep every byte; checksums are verified. */
export interface Secrets {
  /** Newest enabled version number, or undefined when the secret or an enabled version is missing. */
  latestVersion(secret: string): Promise<string | undefined>;
  access(secret: string, version: string): Promise<Secret | undefined>;
  /** Makes the secret when missing and adds a version when the newest one's value differs; gives the version number. */
  put(secret: string, value: Secret): Promise<string>;
}
