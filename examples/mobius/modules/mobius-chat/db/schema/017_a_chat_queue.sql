-- Two files have the number 017: two branches took it on the same day. Names, not numbers, tell migrations apart.
CREATE TABLE chat_queue (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  question text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done')),
  claimed_at timestamptz
);
CREATE INDEX chat_queue_waiting ON chat_queue (queue, id) WHERE status <> 'done';
