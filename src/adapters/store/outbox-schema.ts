/**
 * Migration of the outbox. A trigger marks the stream of each new event in the event's own transaction, so that no event
 * is overlooked whenever the process dies. What was there before counts as read: nobody is told of old releases.
 */
export const OUTBOX_MIGRATION = `
  CREATE TABLE mobius.outbox_feeds (
    stream text COLLATE "C" PRIMARY KEY,
    position integer NOT NULL,
    is_unread boolean NOT NULL
  );
  CREATE INDEX outbox_feeds_unread ON mobius.outbox_feeds (stream) WHERE is_unread;

  INSERT INTO mobius.outbox_feeds (stream, position, is_unread)
    SELECT stream, max(sequence), false FROM mobius.events
      WHERE starts_with(stream, 'release/') OR starts_with(stream, 'build/') GROUP BY stream;

  CREATE FUNCTION mobius.mark_outbox_feed() RETURNS trigger LANGUAGE plpgsql AS $body$
  BEGIN
    INSERT INTO mobius.outbox_feeds AS f (stream, position, is_unread) VALUES (NEW.stream, 0, true)
      ON CONFLICT (stream) DO UPDATE SET is_unread = true WHERE NOT f.is_unread;
    RETURN NULL;
  END
  $body$;
  CREATE TRIGGER events_feed_outbox AFTER INSERT ON mobius.events FOR EACH ROW
    WHEN (starts_with(NEW.stream, 'release/') OR starts_with(NEW.stream, 'build/'))
    EXECUTE FUNCTION mobius.mark_outbox_feed();

  CREATE TABLE mobius.outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    channel text COLLATE "C" NOT NULL,
    environment text NOT NULL,
    about text NOT NULL,
    created_at double precision NOT NULL,
    content json NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries integer NOT NULL,
    -- When it is due while it waits, and when it was settled afterwards.
    at double precision NOT NULL,
    reason text
  );
  CREATE INDEX outbox_due ON mobius.outbox (channel, at, number) WHERE state = 'waiting';
  CREATE INDEX outbox_settled ON mobius.outbox (at) WHERE state <> 'waiting';

  -- One statement, hence one transaction; repeated after a lost answer it changes nothing more.
  CREATE FUNCTION mobius.add_to_outbox(
    in_ids text[], in_channels text[], in_environments text[], in_abouts text[], in_ats double precision[],
    in_contents text[], in_stream text, in_sequence integer
  ) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    -- Before the feed's row, as an append does: whoever appends is then before or after, never in between.
    IF in_stream IS NOT NULL THEN PERFORM pg_advisory_xact_lock(hashtextextended(in_stream, 0)); END IF;
    INSERT INTO mobius.outbox (id, channel, environment, about, created_at, content, state, tries, at)
      SELECT given.id, given.channel, given.environment, given.about, given.at, given.content::json, 'waiting', 0, given.at
      FROM unnest(in_ids, in_channels, in_environments, in_abouts, in_ats, in_contents)
        WITH ORDINALITY AS given (id, channel, environment, about, at, content, place)
      ORDER BY given.place
      ON CONFLICT (id) DO NOTHING;
    IF in_stream IS NOT NULL THEN
      UPDATE mobius.outbox_feeds f SET position = greatest(f.position, in_sequence),
        is_unread = EXISTS (
          SELECT 1 FROM mobius.events e WHERE e.stream = in_stream AND e.sequence > greatest(f.position, in_sequence)
        )
        WHERE f.stream = in_stream;
    END IF;
  END
  $body$;
`;

/** Drift is told of, too: its streams feed the outbox as those of releases do. What was seen before counts as read. */
export const DRIFT_FEED_MIGRATION = `
  INSERT INTO mobius.outbox_feeds (stream, position, is_unread)
    SELECT stream, max(sequence), false FROM mobius.events WHERE starts_with(stream, 'drift/') GROUP BY stream
    ON CONFLICT (stream) DO NOTHING;

  CREATE TRIGGER drift_feeds_outbox AFTER INSERT ON mobius.events FOR EACH ROW
    WHEN (starts_with(NEW.stream, 'drift/'))
    EXECUTE FUNCTION mobius.mark_outbox_feed();
`;
