/** Google's canonical codes: HTTP status and number of `google.rpc.Code`. */
const CODES = {
  INVALID_ARGUMENT: { http: 400, rpc: 3 },
  FAILED_PRECONDITION: { http: 400, rpc: 9 },
  UNAUTHENTICATED: { http: 401, rpc: 16 },
  PERMISSION_DENIED: { http: 403, rpc: 7 },
  NOT_FOUND: { http: 404, rpc: 5 },
  ALREADY_EXISTS: { http: 409, rpc: 6 },
  ABORTED: { http: 409, rpc: 10 },
  RESOURCE_EXHAUSTED: { http: 429, rpc: 8 },
  UNKNOWN: { http: 500, rpc: 2 },
  INTERNAL: { http: 500, rpc: 13 },
  UNIMPLEMENTED: { http: 501, rpc: 12 },
  UNAVAILABLE: { http: 503, rpc: 14 },
} as const;

/** A refusal in Google's terms. */
export interface Refusal {
  readonly status: keyof typeof CODES;
  readonly message: string;
  /** Entries of `error.details`. */
  readonly details?: readonly unknown[];
}

/** Makes a refusal. */
export function refusal(status: Refusal["status"], message: string): Refusal {
  return { status, message };
}

/** The HTTP status and the body that Google's clients read; `status` decides the code that they report. */
export function googleError({ status, message, details = [] }: Refusal): {
  readonly httpStatus: number;
  readonly body: unknown;
} {
  const httpStatus = CODES[status].http;
  return {
    httpStatus,
    body: { error: { code: httpStatus, message, status, ...(details.length > 0 ? { details } : {}) } },
  };
}

/** The `google.rpc.Status` that an operation ends with. */
export function rpcStatus({ status, message }: Refusal): { readonly code: number; readonly message: string } {
  return { code: CODES[status].rpc, message };
}
