import type { Result } from "../core/values/result.ts";

/** A JSON value with the version of its last write. */
export interface Document<T> {
  readonly key: string;
  readonly value: T;
  /** From 1, grows with each write. */
  readonly version: number;
}

/**
 * Where the embedded cloud keeps its resources: JSON documents in named collections, each write guarded by the version
 * that the writer read. Durable once acknowledged. A document holds at most 1 MiB of JSON. Not for releases and builds:
 * those are events.
 */
export interface Documents {
  get<T>(collection: string, key: string): Promise<Document<T> | undefined>;
  /** `expectedVersion` 0 means that it must not exist yet. Refused with the version that is there. */
  put<T>(
    collection: string,
    key: string,
    value: T,
    expectedVersion: number,
  ): Promise<Result<Document<T>, { readonly actual: number }>>;
  /** All whose key begins with the prefix, by key, at most `limit`, after `afterKey` when given. */
  list<T>(query: {
    readonly collection: string;
    readonly prefix: string;
    readonly limit: number;
    readonly afterKey?: string;
  }): Promise<readonly Document<T>[]>;
  /** Nothing happens when it is gone. */
  remove(collection: string, key: string): Promise<void>;
}
