import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** The client's side of SCRAM-SHA-256 (RFC 5802, 7677), without channel binding. PostgreSQL takes the user elsewhere. */
export function scramClient(password) {
  const nonce = randomBytes(18).toString("base64");
  const firstBare = `n=,r=${nonce}`;
  let serverSignature;
  return {
    first: `n,,${firstBare}`,

    /** The answer to the server's first message. */
    final(serverFirst) {
      const { r, s, i } = attributes(serverFirst);
      if (r === undefined || !r.startsWith(nonce) || r === nonce)
        throw new Error("SCRAM: the server's nonce is not ours");
      const salted = pbkdf2Sync(password.normalize("NFKC"), Buffer.from(s ?? "", "base64"), Number(i), 32, "sha256");
      const withoutProof = `c=biws,r=${r}`;
      const message = `${firstBare},${serverFirst},${withoutProof}`;
      const clientKey = hmac(salted, "Client Key");
      const signature = hmac(createHash("sha256").update(clientKey).digest(), message);
      const proof = clientKey.map((byte, index) => byte ^ signature[index]);
      serverSignature = hmac(hmac(salted, "Server Key"), message);
      return `${withoutProof},p=${proof.toString("base64")}`;
    },

    /** Throws when the server does not know the password either. */
    verify(serverFinal) {
      const given = Buffer.from(attributes(serverFinal).v ?? "", "base64");
      const isGenuine =
        serverSignature !== undefined &&
        given.length === serverSignature.length &&
        timingSafeEqual(given, serverSignature);
      if (!isGenuine) throw new Error("SCRAM: this is not the server that knows the password");
    },
  };
}

function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest();
}

/** `r=…,s=…` as an object; values may hold `=`. */
function attributes(text) {
  return Object.fromEntries(text.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}
