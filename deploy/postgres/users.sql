-- An example of the users table of a main application. Caffis Chat does not read it yet: people come to it by
-- their tokens.
CREATE TABLE IF NOT EXISTS users (
    id         text PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
    name       text NOT NULL,
    picture    text,
    blocked    boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO users (id, name) VALUES
    ('giulia', 'Giulia'), ('marco', 'Marco'), ('luca', 'Luca'),
    ('aiko', 'Aiko'), ('nadia', 'Nadia'), ('yousef', 'Yousef')
ON CONFLICT (id) DO NOTHING;
