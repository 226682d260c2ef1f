-- Passages that may be shown to anybody.
SELECT chunk_id, text, published_at FROM passages
