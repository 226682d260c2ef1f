import { describe, expect, it } from "vitest";
import { looksLikeCredential } from "./looks-like-credential.ts";

// Put together here, so that no text of this repository looks like a credential of somebody's.
const key = (...parts: readonly string[]) => parts.join("");

describe("looksLikeCredential", () => {
  it.each([
    ["DATABASE_URL", "postgresql://mobius:pa$s@w,rd@10.1.2.3:5432/chat"],
    ["REDIS_URL", "redis://:hunter2@10.0.0.1:6379/0"],
    ["POSTGRES_PASSWORD_CLOUD", "x"],
    ["DB_PASSWORD", "123456"],
    ["SECRET_KEY", "dev"],
    ["ADMIN_API_KEY", "abc"],
    ["CHROMA_AUTH_TOKEN", "chroma-2f9a77c01b"],
    ["OPENAI", key("s", "k-", "proj-abcdefghijklmnop")],
    ["WHATEVER", key("ey", "JhbGciOiJIUzI1", ".", "ey", "JzdWIiOiIxMjM0", ".x")],
    ["MAPS", key("AI", "za", "0".repeat(35))],
    ["CALLBACK", "https://x.example/cb?token=4711"],
    ["DSN_TEXT", "host=db user=app password=hunter2"],
    ["SETTING", "h2Gk9sLq0ZxV7bTn4RwY1mPc"],
    ["PEM", key("-----BEGIN RSA ", "PRIVATE KEY-----")],
  ])("takes %s for one", (variable, value) => expect(looksLikeCredential(variable, value)).toBe(true));

  it.each([
    ["MAX_TOKENS", "4096"],
    ["TOKEN_TTL_SECONDS", "86400"],
    ["REDIS_KEY", "mobius:chat:requests"],
    ["MOBIUS_SET_PASSWORD_URL_BASE", "https://chat.example.com/set-password"],
    ["USER_DATABASE_URL", "postgresql://mobius:__DB_PASSWORD__@/mobius_user?host=/cloudsql/p:r:i"],
    ["DB_PASSWORD", ""],
    ["ENABLE_SECRET", "true"],
    ["DATABASE_URL", "postgresql://mobius@10.1.2.3:5432/chat"],
    ["RAG_API_URL", "https://mobius-rag-1097654321-uc.a.run.app/search"],
    ["VERTEX_DEPLOYED_INDEX_ID", "mobius_chat_staging_1769735682"],
    ["VERTEX_INDEX_ENDPOINT_ID", "projects/1234/locations/us-central1/indexEndpoints/4513040034206580736"],
    ["GIT_SHA", "0123456789abcdef0123456789abcdef01234567"],
    ["CORS", "https://a.example.com,https://b.example.com"],
    ["ODD_LIST", "https://a.example.com,https://b.example.com@c;d^:^e"],
  ])("takes %s=%s for none", (variable, value) => expect(looksLikeCredential(variable, value)).toBe(false));
});
