CREATE TABLE embedding_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  chunk_id bigint NOT NULL REFERENCES chunks (id),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
  claimed_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX embedding_jobs_waiting ON embedding_jobs (queue, id) WHERE status IN ('queued', 'running');
