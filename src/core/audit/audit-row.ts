/**
 * Rows of the audit log and the chain that holds them together: each row carries a keyed digest over itself and the row
 * before, so that none can be changed, removed or put in by somebody who has the database but not the key. Pure. Begin
 * with `AuditRow`.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type Digest } from "../values/digest.ts";

/** Who asked. `id` is a person's name, an account's e-mail, or `<e-mail> in build <id>` of a step. */
export interface AuditActor {
  readonly kind: "person" | "identity" | "step" | "unknown";
  readonly id: string;
}

/** What is recorded of a call: names, never a value that was sent. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly who: AuditActor;
  /** The right that was asked for, such as `run.services.create`, or the method of our own API. */
  readonly what: string;
  /** `projects/P/…`, or a path of our own API. */
  readonly resource: string;
  readonly requestId: string;
  /** `allowed` is written before the call is carried out; what came of it is in the event log. */
  readonly outcome: "allowed" | "denied" | "unauthenticated";
  readonly reason: string;
  /** How many more refused calls of this caller the row stands for; see `RefusalLimit`. */
  readonly more?: number;
}

/** An entry in its place. */
export interface AuditRow extends AuditEntry {
  /** From 1, without gaps over the whole log. */
  readonly number: number;
  /** The chain's digest up to the row before. */
  readonly previous: Digest;
  readonly digest: Digest;
}

/** What stands before the first row. */
export const CHAIN_START = `sha256:${"0".repeat(64)}` as Digest;

/** Where a log ends: its last row's number, 0 of an empty one, and digest. */
export interface AuditHead {
  readonly number: number;
  readonly digest: Digest;
}

/** What a verification found; of a log that is not whole, how many rows are, and the first that is not. */
export type AuditVerdict =
  | { readonly whole: true; readonly rows: number; readonly head: AuditHead }
  | { readonly whole: false; readonly rows: number; readonly number: number; readonly reason: string };

/** Puts an entry after the row that ends the log. `key` is known to the installation only. */
export function chained(entry: AuditEntry, head: AuditHead, key: Uint8Array): AuditRow {
  const row = { ...entry, number: head.number + 1, previous: head.digest };
  return { ...row, digest: digestOfRow(row, key) };
}

/** The first row that does not follow from those before it, and why; undefined where the piece is whole. */
export function firstBroken(
  rows: readonly AuditRow[],
  before: AuditHead,
  key: Uint8Array,
): { readonly number: number; readonly reason: string } | undefined {
  let head = before;
  for (const row of rows) {
    const number = head.number + 1;
    if (row.number !== number) return { number, reason: `row ${number} is missing: ${row.number} stands in its place` };
    if (row.previous !== head.digest) return { number, reason: `row ${number} does not follow the row before it` };
    const { digest, ...content } = row;
    if (digestOfRow(content, key) !== digest)
      return { number, reason: `row ${number} was changed after it was written` };
    head = { number, digest };
  }
  return undefined;
}

function digestOfRow(row: Omit<AuditRow, "digest">, key: Uint8Array): Digest {
  const text = canonicalJson(row);
  return `sha256:${bytesToHex(hmac(sha256, key, utf8ToBytes(text)))}` as Digest;
}
