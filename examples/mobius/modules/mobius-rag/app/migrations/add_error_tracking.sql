ALTER TABLE chunking_jobs ADD COLUMN error text;
ALTER TABLE embedding_jobs ADD COLUMN error text;
