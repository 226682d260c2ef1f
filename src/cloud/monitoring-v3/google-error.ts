/** Google's error words that Cloud Monitoring answers with, and their HTTP statuses. */
const STATUSES = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  UNIMPLEMENTED: 501,
} as const;

/** A refusal in Google's terms. */
export interface Refusal {
  readonly status: keyof typeof STATUSES;
  readonly message: string;
  /** Entries of `error.details`. */
  readonly details?: readonly unknown[];
}

/** What the request says that Google would refuse too. */
export function invalid(field: string, value: string, why: string): Refusal {
  return {
    status: "INVALID_ARGUMENT",
    message: `Field ${field} had an invalid value of ${JSON.stringify(value)}: ${why}`,
  };
}

/** What Google has and the embedded cloud has not. */
export function notHere(what: string): Refusal {
  return { status: "UNIMPLEMENTED", message: `${what} is not implemented by the embedded Cloud Monitoring.` };
}

/** The HTTP status and the body that Google's clients read. */
export function googleError({ status, message, details = [] }: Refusal): {
  readonly httpStatus: number;
  readonly body: unknown;
} {
  const code = STATUSES[status];
  return {
    httpStatus: code,
    body: { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } },
  };
}
