-- Has its own transaction, and cannot run twice: the old name is gone afterwards.
BEGIN;
ALTER TABLE chat_replies RENAME TO chat_answers;
ALTER TABLE chat_answers RENAME COLUMN reply TO answer;
COMMIT;
