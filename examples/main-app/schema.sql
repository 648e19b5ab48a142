-- The people of the main app. Nothing here is made for the chat: pg-relay maps the columns.
CREATE TABLE people (
    person_id  text PRIMARY KEY,
    full_name  text NOT NULL CHECK (full_name <> ''),
    language   text,
    zone       text
);
INSERT INTO people VALUES
    ('giulia', 'Giulia', 'it-IT', 'Europe/Rome'),
    ('marco', 'Marco', 'it-IT', 'Europe/Rome'),
    ('aiko', 'Aiko', 'ja-JP', 'Asia/Tokyo');
