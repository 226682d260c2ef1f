-- Two transactions of its own: the statistics are for the state that the first has committed.
BEGIN;
UPDATE chat_threads SET title = 'Untitled' WHERE title = '';
ALTER TABLE chat_threads ALTER COLUMN title SET DEFAULT 'Untitled';
COMMIT;
BEGIN;
ANALYZE chat_threads;
COMMIT;
