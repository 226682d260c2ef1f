/** Error codes of the OCI distribution specification, with the HTTP status that each is sent with. */
const STATUSES = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
} as const;

export type RegistryErrorCode = keyof typeof STATUSES;

/** A refusal as the client gets it. */
export interface RegistryError {
  readonly status: number;
  readonly code: RegistryErrorCode;
  readonly message: string;
}

/** What a handler gives back: a finished answer, or a refusal. */
export function refuse(code: RegistryErrorCode, message: string): RegistryError {
  return { status: STATUSES[code], code, message };
}
