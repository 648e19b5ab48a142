-- The differences of one range, put where relays take them from. A version here is one more than the newest known.
-- It is newer than all that the receiver has, and older than any change that is not committed yet: versions of
-- triggers step by @STEP@, and a change of this user that could still appear took its number after the newest
-- one that is known here.
WITH source AS (
    SELECT key, payload, @CHECKSUM@ AS checksum FROM (
        SELECT t.@KEY@ AS key, @PAYLOAD@ AS payload FROM @TABLE@ AS t WHERE @RANGE@) AS page
), kept AS (
    SELECT u.key, u.version, u.checksum, u.acked_version, u.acked_checksum, u.due_at, u.dead
    FROM @SCHEMA@.users AS u WHERE @RANGE_OF_KEPT@
), differ AS (
    SELECT coalesce(s.key, k.key) AS key, s.payload, s.checksum, k.version,
        -- Everything again keeps the version of what the receiver has.
        $3::boolean AND k.version = k.acked_version AND s.checksum IS NOT DISTINCT FROM k.acked_checksum
            AS again
    FROM source AS s FULL JOIN kept AS k ON s.key = k.key
    WHERE (s.checksum IS DISTINCT FROM k.acked_checksum OR $3::boolean)
        AND NOT EXISTS (SELECT FROM @SCHEMA@.outbox AS o WHERE o.key = coalesce(s.key, k.key))
        -- What is on its way, and what is refused, is left alone.
        AND (k.key IS NULL OR s.checksum IS DISTINCT FROM k.checksum OR (k.due_at IS NULL AND NOT k.dead)
            OR (k.dead AND $4::boolean))
), put AS (
    INSERT INTO @SCHEMA@.users AS u
        (key, version, payload, checksum, changed_at, waiting_since, due_at)
    SELECT key, coalesce(version + CASE WHEN again THEN 0 ELSE 1 END,
            (SELECT first_version FROM @SCHEMA@.state)),
        payload, checksum, now(), now(), now()
    FROM differ WHERE version IS NULL OR again OR (version + 1) % @STEP@ <> 0 ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        version = EXCLUDED.version,
        payload = EXCLUDED.payload,
        checksum = EXCLUDED.checksum,
        changed_at = CASE WHEN u.version = EXCLUDED.version THEN u.changed_at ELSE EXCLUDED.changed_at END,
        waiting_since = CASE WHEN u.dead OR u.waiting_since IS NULL THEN EXCLUDED.waiting_since
            ELSE u.waiting_since END,
        due_at = CASE WHEN u.claim IS NULL OR u.due_at IS NULL THEN now() ELSE u.due_at END,
        attempts = 0,
        error = NULL,
        dead = false
    WHERE u.version = EXCLUDED.version - 1
        OR (u.version = EXCLUDED.version AND u.checksum IS NOT DISTINCT FROM EXCLUDED.checksum)
    RETURNING 1
)
SELECT (SELECT count(*) FROM source), (SELECT count(*) FROM put), (SELECT count(*) FROM differ)
