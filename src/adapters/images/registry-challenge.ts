import { z } from "zod";

const granted = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Gets the token that a registry's `WWW-Authenticate: Bearer realm=…,service=…,scope=…` asks for, as anybody; undefined
 * where it asks for something else, or nobody in particular gets one. Source: the distribution specification's token
 * authentication.
 */
export async function answerChallenge(header: string, timeoutMs: number): Promise<string | undefined> {
  if (!/^bearer\s/i.test(header)) return undefined;
  const parts = new Map([...header.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [name, value]));
  const realm = URL.parse(parts.get("realm") ?? "");
  if (realm === null || !/^https?:$/.test(realm.protocol)) return undefined;
  for (const name of ["service", "scope"]) {
    const value = parts.get(name);
    if (value !== undefined) realm.searchParams.set(name, value);
  }
  const response = await fetch(realm, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) return undefined;
  const { token, access_token } = granted.parse(await response.json());
  return token ?? access_token;
}
