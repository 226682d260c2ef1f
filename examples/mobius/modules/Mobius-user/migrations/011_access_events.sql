CREATE TABLE access_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts (id),
  what text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
