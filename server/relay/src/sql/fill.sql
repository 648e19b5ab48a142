-- One page of the users of before the installation, and how far that is: both or neither. All have the first
-- version, so whatever a trigger wrote or will write is newer.
WITH turn AS (
    SELECT one FROM @SCHEMA@.state
    WHERE NOT fill_done AND fill_next <= now() AND fill_after IS NOT DISTINCT FROM $1::text::@KEY_TYPE@
    FOR UPDATE SKIP LOCKED
), page AS (
    SELECT t.@KEY@ AS key, @PAYLOAD@ AS payload FROM @TABLE@ AS t
    WHERE EXISTS (SELECT FROM turn) @AFTER@
    ORDER BY t.@KEY@ LIMIT $2
), put AS (
    INSERT INTO @SCHEMA@.users (key, version, payload, checksum, changed_at, waiting_since, due_at)
    SELECT key, (SELECT first_version FROM @SCHEMA@.state), payload, @CHECKSUM@, now(), now(), now()
    FROM page ORDER BY key
    ON CONFLICT (key) DO NOTHING
)
UPDATE @SCHEMA@.state SET
    fill_after = coalesce((SELECT key FROM page ORDER BY key DESC LIMIT 1), fill_after),
    fill_count = fill_count + (SELECT count(*) FROM page),
    fill_next = greatest(fill_next, now() - interval '1 s')
        + (SELECT count(*) FROM page) * interval '1 s' / $3::bigint::float8,
    fill_done = (SELECT count(*) FROM page) < $2
WHERE one AND EXISTS (SELECT FROM turn)
RETURNING fill_after::text, fill_done, fill_count
