CREATE TABLE published_rag_metadata (
  model text PRIMARY KEY,
  statement text NOT NULL,
  landed_at timestamptz NOT NULL DEFAULT now()
);
