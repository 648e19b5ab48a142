-- Takes users that are due. Nobody else takes them before the lease is over.
WITH due AS (
    SELECT key FROM @SCHEMA@.users WHERE due_at <= now() ORDER BY due_at LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE @SCHEMA@.users AS u SET
    claim = $2,
    due_at = now() + $3 * interval '1 ms',
    attempts = u.attempts + 1
FROM due WHERE u.key = due.key
RETURNING u.key::text, u.version, u.payload::text, u.checksum, u.attempts,
    to_char(u.changed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    (SELECT installation || ' ' || generation FROM @SCHEMA@.state)
