/**
 * Google's own Node clients in REST mode, for Google and for the embedded cloud alike: one code path, two endpoints.
 * Clients are imported lazily, as loading one costs 0.2 s. Begin with `clientOptions`.
 */
import type { GoogleAuth, OAuth2Client } from "google-auth-library";
import type { Secret } from "../../core/values/secret.ts";

/** Where a cloud's APIs answer. */
export type Endpoint =
  | { readonly kind: "google" }
  | {
      readonly kind: "embedded";
      /** Origin of the server, such as `http://127.0.0.1:8321`. */
      readonly url: string;
      readonly token: Secret;
      readonly project: string;
    };

/** What every generated client takes; which members are there depends on the endpoint. */
export interface ClientOptions {
  readonly fallback: true;
  readonly apiEndpoint?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly projectId?: string;
  readonly auth?: GoogleAuth;
  readonly authClient?: OAuth2Client;
}

/**
 * Options for the constructor of any `@google-cloud/*` client. Rejects where Google's credentials are missing: before a
 * client exists, since a client without credentials ends the process by an unhandled rejection.
 */
export async function clientOptions(endpoint: Endpoint): Promise<ClientOptions> {
  const { GoogleAuth, OAuth2Client } = await import("google-auth-library");
  if (endpoint.kind === "google") {
    const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
    await auth.getClient();
    return { fallback: true, auth };
  }
  // The clients want host, port and protocol apart: a URL as `apiEndpoint` gives `http://http//…`.
  const url = new URL(endpoint.url);
  const protocol = url.protocol.slice(0, -1);
  const port = Number(url.port || (protocol === "https" ? 443 : 80));
  const authClient = new OAuth2Client();
  // The server judges the token's age. Without a date far ahead the client would try to refresh what it cannot.
  authClient.setCredentials({ access_token: endpoint.token.reveal(), expiry_date: Number.MAX_SAFE_INTEGER });
  return { fallback: true, apiEndpoint: url.hostname, port, protocol, projectId: endpoint.project, authClient };
}
