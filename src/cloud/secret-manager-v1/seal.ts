import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { assert } from "../../core/values/assert.ts";

/** A value at rest: its own data key, sealed by the installation's key, and the value sealed by the data key. */
export interface Sealed {
  /** Tells which installation's key it needs; says nothing of the key itself. */
  readonly keyId: string;
  /** Base64 of IV, tag and ciphertext. */
  readonly dataKey: string;
  readonly value: string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals bytes with AES-256-GCM. `name` is bound in: a sealed value that is moved to another name does not open. */
export function seal(value: Uint8Array, { key, name }: { readonly key: Uint8Array; readonly name: string }): Sealed {
  const dataKey = randomBytes(32);
  return { keyId: keyId(key), dataKey: encrypt(dataKey, key, name), value: encrypt(value, dataKey, name) };
}

/** Opens what `seal` sealed. Throws where the key, the name or the content is another. */
export function unseal(sealed: Sealed, { key, name }: { readonly key: Uint8Array; readonly name: string }): Buffer {
  if (sealed.keyId !== keyId(key)) {
    throw new Error(`${name} was sealed with the key of another installation: put that installation's key file back`);
  }
  return decrypt(sealed.value, decrypt(sealed.dataKey, key, name), name);
}

function keyId(key: Uint8Array): string {
  assert(key.length === 32, "AES-256 takes a key of 32 bytes");
  return createHash("sha256").update("mobius key id").update(key).digest("hex").slice(0, 16);
}

function encrypt(bytes: Uint8Array, key: Uint8Array, name: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name));
  const content = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), content]).toString("base64");
}

function decrypt(text: string, key: Uint8Array, name: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}
