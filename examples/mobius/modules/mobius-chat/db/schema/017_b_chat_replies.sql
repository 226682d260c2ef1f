CREATE TABLE chat_replies (
  question_id bigint PRIMARY KEY REFERENCES chat_queue (id),
  reply text NOT NULL,
  thread_id bigint REFERENCES chat_threads (id),
  written_at timestamptz NOT NULL DEFAULT now()
);
