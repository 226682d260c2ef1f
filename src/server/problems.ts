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

/** No route answers this method and path. */
export function routeUnknown(method: string, path: string): Problem {
  return {
    code: "route-unknown",
    severity: "error",
    summary: `There is no ${method} ${path}.`,
    why: ["The server has no such route, or not with this method."],
    fix: "Look at the routes in /openapi.json.",
  };
}

/** Nothing of that name. */
export function resourceUnknown(
  kind: "build" | "environment" | "identity" | "person" | "schema",
  name: string,
): Problem {
  return {
    code: "resource-unknown",
    severity: "error",
    summary: `There is no ${kind} "${name}".`,
    why: ["Nothing of that name is known to this server."],
    fix: "Correct the name.",
  };
}

/** A right that nothing here asks for. */
export function permissionUnknown(permission: string): Problem {
  return {
    code: "permission-unknown",
    severity: "error",
    summary: `There is no permission "${permission}".`,
    why: ["Only permissions that the embedded cloud asks for can be granted or tested."],
    fix: "Use one of Google's names, such as run.services.create. mobius identity list shows the roles that hold them.",
  };
}

/** A role that nothing here knows. */
export function roleUnknown(role: string): Problem {
  return {
    code: "role-unknown",
    severity: "error",
    summary: `There is no role "${role}".`,
    why: ["Only roles whose permissions the embedded cloud asks for can be granted."],
    fix: "Use one of Google's predefined roles, such as roles/secretmanager.secretAccessor.",
  };
}

/** An identity acts in its own environment only. */
export function resourceOutside(resource: string, environment: string, project: string): Problem {
  return {
    code: "resource-outside",
    severity: "error",
    summary: `"${resource}" is not in environment "${environment}".`,
    why: ["No identity of one environment can act on another."],
    fix: `Name a resource beneath projects/${project}.`,
  };
}

/** More bytes than any request of ours has. */
export function bodyTooLarge(limitBytes: number): Problem {
  return {
    code: "body-too-large",
    severity: "error",
    summary: "The request's body is too large.",
    why: [`A body has at most ${limitBytes} bytes.`],
    fix: "Send less.",
  };
}

/** The request reached us under a name that is not this machine's. */
export function hostRefused(): Problem {
  return {
    code: "host-refused",
    severity: "error",
    summary: "The request names another host than this machine.",
    why: ["A page elsewhere can let its own name lead to this machine; the name is how such requests are told apart."],
    fix: "Use http://127.0.0.1 or http://localhost.",
  };
}

/** The server takes no work yet. */
export function serverStarting(): Problem {
  return {
    code: "server-starting",
    severity: "error",
    summary: "The server is starting.",
    why: ["It takes up what an earlier one left before it takes new work."],
    fix: "Ask again in a moment; /readyz says when.",
  };
}

/** A fault of the server in the middle of a phase. */
export function phaseFault(phase: string, requestId: string): Problem {
  return {
    code: "phase-fault",
    severity: "error",
    summary: `Phase ${phase} met a fault of the server.`,
    why: [`The server's log says more about request ${requestId}.`],
    fix: "Release again, and report the fault with that part of the log.",
  };
}
