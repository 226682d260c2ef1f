/** A build as a pushed message tells of it. Its status is whatever the sender wrote. */
export interface PushedBuild {
  readonly id: string;
  readonly project: string;
  readonly status: string;
  readonly trigger?: string;
  /** An `https:` URL. */
  readonly logUrl?: string;
}

/** Whose builds a sender may tell of. */
export type PushSender =
  | { readonly kind: "project"; readonly project: string }
  /** Google's Pub/Sub, acting as the account that the operator named. */
  | { readonly kind: "account"; readonly email: string };

/** Tokens that let in messages about builds, and nothing else. */
export interface PushTokens {
  /** The sender that a bearer token stands for; undefined for another audience, issuer, account, or an expired one. */
  verify(token: string): Promise<PushSender | undefined>;
  /** A token for the builds of one project, good for `ttlMs`, at most 30 days. */
  issue(project: string, ttlMs: number): Promise<string>;
}
