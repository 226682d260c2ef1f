/**
 * Who makes a call. People come with the token file or the board's session, builds with a step token, and the server's
 * own calls to the cloud with a token of the environment's deploy, build or migrate identity.
 */
export type Caller =
  | { readonly kind: "person"; readonly name: string }
  | {
      readonly kind: "identity";
      readonly email: string;
      readonly environment: string;
      readonly project: string;
      /** The only services and jobs that it may change, whose traffic it may not move; all where it is absent. */
      readonly services?: readonly string[];
    }
  | {
      readonly kind: "step";
      readonly build: string;
      readonly environment: string;
      readonly project: string;
      /** The service account that the build runs as. */
      readonly email: string;
    };

export interface Identities {
  /** The caller that a bearer token stands for; undefined for an unknown, expired or tampered one. */
  verify(token: string): Promise<Caller | undefined>;
  /** A signed token for a build's steps or for an identity; `ttlMs` at most 24 h. */
  issue(caller: Exclude<Caller, { kind: "person" }>, ttlMs: number): Promise<string>;
}
