import type { Problem } from "../core/values/problem.ts";

/** No valid token came with the request. */
export function notAuthenticated(): Problem {
  return {
    code: "not-authenticated",
    severity: "error",
    summary: "The request carries no valid token.",
    why: ["Being on this machine makes nobody a person: steps of builds run here too."],
    fix: "Send the token of the state directory (file token), or open the board by the link that the server printed.",
  };
}

/** The caller is known and may not do this. */
export function notAllowed(who: string, needed: string): Problem {
  return {
    code: "not-allowed",
    severity: "error",
    summary: `${who} may not do this.`,
    why: [`This is for a ${needed}.`],
    fix: "Use the command line or the board as a person.",
  };
}

/** The body of a request is not what the route takes. */
export function requestInvalid(reasons: readonly string[]): Problem {
  return {
    code: "request-invalid",
    severity: "error",
    summary: "The request's body has not the form that this route takes.",
    why: reasons,
    fix: "Look at the route in /openapi.json.",
  };
}
