/** What a file of an Alembic versions folder says of itself. Ids are any text, compared whole. */
export interface AlembicRevision {
  readonly id: string;
  /** Revisions that come before it: `down_revision` and `depends_on`. Empty for the first of all. */
  readonly after: readonly string[];
}

/** An Alembic file is known by its revision, every other migration by its path. */
export function identifierOf(file: { readonly path: string; readonly revision?: AlembicRevision }): string {
  return file.revision?.id ?? file.path;
}

const ID = /^revision\s*(?::[^=\n]+)?=\s*(["'])([^"'\n]+)\1/m;
const BEFORE = /^(?:down_revision|depends_on)\s*(?::[^=\n]+)?=[ \t]*(\([^)]*\)|[^#\n(]*)/gm;

/** Reads a revision from its file's text, which is not run; undefined where it is no revision. */
export function parseRevision(text: string): AlembicRevision | undefined {
  const id = ID.exec(text)?.[2];
  if (id === undefined) return undefined;
  const after = [...text.matchAll(BEFORE)].flatMap(([, value = ""]) =>
    [...value.matchAll(/(["'])([^"'\n]+)\1/g)].flatMap(([, , before]) => before ?? []),
  );
  return { id, after };
}

/** The revisions given and all that come before them, the first of all first. Ids that no file has are left out. */
export function withEarlier(ids: readonly string[], revisions: readonly AlembicRevision[]): readonly string[] {
  const byId = new Map(revisions.map((revision) => [revision.id, revision]));
  const ordered = new Set<string>();
  const seen = new Set<string>();
  // Not by recursion: a chain may be longer than the stack.
  const pending = ids.toReversed().map((id) => ({ id, isEarlierDone: false }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { id, isEarlierDone } = next;
    const revision = byId.get(id);
    if (isEarlierDone) ordered.add(id);
    if (isEarlierDone || revision === undefined || seen.has(id)) continue;
    seen.add(id);
    pending.push(
      { id, isEarlierDone: true },
      ...revision.after.toReversed().map((e) => ({ id: e, isEarlierDone: false })),
    );
  }
  return [...ordered];
}

/** The revision given and all that come after it. */
export function withLater(id: string, revisions: readonly AlembicRevision[]): readonly string[] {
  const next = Map.groupBy(
    revisions.flatMap((revision) => revision.after.map((before) => ({ before, id: revision.id }))),
    ({ before }) => before,
  );
  const later = new Set([id]);
  // A set that grows while it is walked is walked to its end.
  for (const revision of later) for (const each of next.get(revision) ?? []) later.add(each.id);
  return [...later];
}
