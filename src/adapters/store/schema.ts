import { DRIFT_FEED_MIGRATION, OUTBOX_MIGRATION } from "./outbox-schema.ts";

/**
 * The store's own migrations: append only, never edited. The number of a migration is its place, from 1. Payloads and
 * documents are `json`, not `jsonb`, which would refuse a NUL in a text and would not give back what was written.
 */
export const STORE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE mobius.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    type text NOT NULL,
    version integer NOT NULL,
    at double precision NOT NULL,
    actor text NOT NULL,
    write_id uuid NOT NULL,
    payload json NOT NULL,
    UNIQUE (stream, sequence)
  );
  CREATE INDEX events_first ON mobius.events (id DESC) INCLUDE (stream) WHERE sequence = 1;

  CREATE TABLE mobius.leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
  );

  CREATE TABLE mobius.timers (
    stream text NOT NULL,
    name text NOT NULL,
    due_at double precision NOT NULL,
    PRIMARY KEY (stream, name)
  );
  CREATE INDEX timers_due ON mobius.timers (due_at);

  CREATE TABLE mobius.documents (
    collection text NOT NULL,
    key text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    write_id uuid NOT NULL,
    value json NOT NULL,
    PRIMARY KEY (collection, key)
  );

  CREATE TABLE mobius.numbers (
    series text PRIMARY KEY,
    last bigint NOT NULL
  );

  -- One statement, hence one transaction and one round trip. The write id makes it repeatable: when the answer to a
  -- COMMIT was lost, the same call again finds its own events instead of a conflict.
  CREATE FUNCTION mobius.append_events(
    in_stream text, in_expected integer, in_write_id uuid, in_types text[], in_versions integer[],
    in_ats double precision[], in_actors text[], in_payloads text[],
    in_lease text, in_holder text, in_token bigint
  ) RETURNS TABLE (outcome text, actual integer, ids bigint[]) LANGUAGE plpgsql AS $body$
  DECLARE
    newest integer;
    written bigint[];
  BEGIN
    -- First of all: the first try of a repeated call may still be about to commit.
    PERFORM pg_advisory_xact_lock(hashtextextended(in_stream, 0));
    SELECT array_agg(id ORDER BY sequence) INTO written FROM mobius.events
      WHERE stream = in_stream AND sequence > in_expected AND write_id = in_write_id;
    IF written IS NOT NULL THEN
      RETURN QUERY SELECT 'appended', in_expected, written;
      RETURN;
    END IF;
    IF in_lease IS NOT NULL THEN
      PERFORM 1 FROM mobius.leases WHERE name = in_lease AND holder = in_holder AND fence = in_token
        AND expires_at > clock_timestamp() FOR UPDATE;
      IF NOT FOUND THEN
        RETURN QUERY SELECT 'fenced-out', 0, '{}'::bigint[];
        RETURN;
      END IF;
    END IF;
    SELECT coalesce(max(sequence), 0) INTO newest FROM mobius.events WHERE stream = in_stream;
    IF newest <> in_expected THEN
      RETURN QUERY SELECT 'sequence-conflict', newest, '{}'::bigint[];
      RETURN;
    END IF;
    WITH new AS (
      INSERT INTO mobius.events (stream, sequence, type, version, at, actor, write_id, payload)
      SELECT in_stream, in_expected + given.place, given.type, given.version, given.at, given.actor, in_write_id,
        given.payload::json
      FROM unnest(in_types, in_versions, in_ats, in_actors, in_payloads)
        WITH ORDINALITY AS given (type, version, at, actor, payload, place)
      ORDER BY given.place
      RETURNING id, sequence
    ) SELECT coalesce(array_agg(id ORDER BY sequence), '{}') INTO written FROM new;
    PERFORM pg_notify('mobius_events', in_stream);
    RETURN QUERY SELECT 'appended', in_expected, written;
  END
  $body$;
  `,
  OUTBOX_MIGRATION,
  DRIFT_FEED_MIGRATION,
];
