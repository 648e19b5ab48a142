-- The invitations of the map service, and what it still has to tell the chat.
CREATE TABLE invitations (
    id        text PRIMARY KEY,
    host      text NOT NULL,
    guest     text NOT NULL,
    title     text NOT NULL,
    place     text NOT NULL,
    address   text NOT NULL,
    latitude  double precision NOT NULL,
    longitude double precision NOT NULL,
    starts    timestamptz NOT NULL,
    zone      text NOT NULL,
    accepted  timestamptz,
    room      text
);
CREATE TABLE outbox (
    id      text PRIMARY KEY,
    body    text NOT NULL,
    context text NOT NULL REFERENCES invitations
);
INSERT INTO invitations VALUES
    ('inv_1', 'giulia', 'marco', 'Coffee with Giulia', 'Caffè Nero', 'Via Dante 7, Milano', 45.4657, 9.1859,
        now() + interval '2 days', 'Europe/Rome'),
    ('inv_2', 'marco', 'giulia', 'Lunch with Marco', 'Trattoria Milanese', 'Via Santa Marta 11, Milano', 45.4622,
        9.1831, now() + interval '3 days', 'Europe/Rome'),
    ('inv_3', 'giulia', 'aiko', 'A walk with Giulia', 'Parco Sempione', 'Piazza Sempione, Milano', 45.4722, 9.1772,
        now() + interval '4 days', 'Europe/Rome');
