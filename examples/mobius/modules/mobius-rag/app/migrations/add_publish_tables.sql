-- Vectors are kept as JSON: the platform asks no extension of its database.
CREATE TABLE passages (
  chunk_id bigint PRIMARY KEY REFERENCES chunks (id),
  text text NOT NULL,
  vector jsonb NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now()
);
