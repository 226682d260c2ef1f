CREATE TABLE chunking_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  text text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  claimed_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX chunking_jobs_waiting ON chunking_jobs (queue, id) WHERE status IN ('queued', 'running');

CREATE TABLE chunks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id bigint NOT NULL REFERENCES chunking_jobs (id),
  position integer NOT NULL,
  text text NOT NULL,
  UNIQUE (job_id, position)
);
