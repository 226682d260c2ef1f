import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Tokens `<claims>.<signature>`. The key is used byte for byte: the secret ends in a line break, and a service that
 * trims it refuses what the others have signed.
 */
export function tokens(key) {
  const sign = (text) => createHmac("sha256", key).update(text).digest();
  return {
    issue(claims) {
      const text = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${text}.${sign(text).toString("base64url")}`;
    },
    /** The claims, or undefined for anything that this key has not signed. */
    read(token) {
      const [text = "", signature = ""] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const expected = sign(text);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      return JSON.parse(Buffer.from(text, "base64url").toString());
    },
  };
}
