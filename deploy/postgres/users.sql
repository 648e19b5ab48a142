-- An example of the users table of a main application. `caffis-chat pg-relay` mirrors it to the chat.
CREATE TABLE IF NOT EXISTS users (
    id         text PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
    name       text NOT NULL,
    picture    text,
    locale     text,
    time_zone  text,
    blocked    boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO users (id, name, locale, time_zone) VALUES
    ('giulia', 'Giulia', 'it-IT', 'Europe/Rome'), ('marco', 'Marco', 'it-IT', 'Europe/Rome'),
    ('luca', 'Luca', NULL, NULL), ('aiko', 'Aiko', 'ja-JP', 'Asia/Tokyo'), ('nadia', 'Nadia', NULL, NULL),
    ('yousef', 'Yousef', NULL, NULL)
ON CONFLICT (id) DO NOTHING;
