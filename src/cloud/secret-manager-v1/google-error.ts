/** Google's error words that Secret Manager answers with, and their HTTP statuses. */
const STATUSES = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 400,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
} as const;

/** A refusal in Google's terms. */
export interface Refusal {
  readonly status: keyof typeof STATUSES;
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
  const httpStatus = STATUSES[status];
  return {
    httpStatus,
    body: { error: { code: httpStatus, message, status, ...(details.length > 0 ? { details } : {}) } },
  };
}
