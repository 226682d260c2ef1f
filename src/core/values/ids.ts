/** `REL-<n>`, n from 1, in the order in which releases were asked for. */
export type ReleaseId = `REL-${number}`;

/** A full commit id: 40 lower-case hex digits. */
export type CommitId = string & { readonly __brand: "CommitId" };

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether the text is a full commit id. */
export function isCommitId(text: string): text is CommitId {
  return COMMIT.test(text);
}

/** Whether the text has the form of a release id. */
export function isReleaseId(text: string): text is ReleaseId {
  return /^REL-[1-9]\d*$/.test(text);
}

/** Who caused something: `person:ada`, `build:<id>`, `trigger:<name>`, `system`. */
export type ActorId = string & { readonly __brand: "ActorId" };

/** Makes an actor id of its kind and name. */
export function actorId(kind: "person" | "build" | "trigger" | "system", name: string): ActorId {
  return (kind === "system" ? "system" : `${kind}:${name}`) as ActorId;
}
