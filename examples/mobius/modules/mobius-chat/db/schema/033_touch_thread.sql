-- The body holds semicolons at line ends and a quoted delimiter: a splitter by lines dies here.
CREATE FUNCTION touch_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat_threads SET updated_at = now() WHERE id = NEW.thread_id;
  IF NOT FOUND AND NEW.thread_id IS NOT NULL THEN
    RAISE EXCEPTION 'thread % is gone; BEGIN again', NEW.thread_id;
  END IF;
  RETURN NEW;
END;
$$;

CREATE TRIGGER touch_thread AFTER INSERT ON chat_replies FOR EACH ROW EXECUTE FUNCTION touch_thread();
