ALTER TABLE people ADD COLUMN display_name text;
COMMENT ON COLUMN people.display_name IS 'As the person wants to be called; a "name; with semicolon" is one name.';
