-- Questions that still wait for an answer.
SELECT id, question FROM chat_queue WHERE status <> 'done'
