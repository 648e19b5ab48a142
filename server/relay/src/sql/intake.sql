-- Takes changes out of the outbox. Of several of one user the newest counts; one that is being sent goes on, and
-- the newer one follows it.
WITH taken AS (
    DELETE FROM @SCHEMA@.outbox WHERE version IN (
        SELECT version FROM @SCHEMA@.outbox ORDER BY version LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING key, version, payload, at
), newest AS (
    SELECT DISTINCT ON (key) key, version, payload, at, min(at) OVER (PARTITION BY key) AS since
    FROM taken ORDER BY key, version DESC
), put AS (
    INSERT INTO @SCHEMA@.users AS u
        (key, version, payload, checksum, changed_at, waiting_since, due_at)
    SELECT key, version, payload, @CHECKSUM@, at, since, now() FROM newest ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        version = EXCLUDED.version,
        payload = EXCLUDED.payload,
        checksum = EXCLUDED.checksum,
        changed_at = EXCLUDED.changed_at,
        waiting_since = CASE WHEN u.dead OR u.waiting_since IS NULL THEN EXCLUDED.waiting_since
            ELSE u.waiting_since END,
        due_at = CASE WHEN u.claim IS NULL OR u.due_at IS NULL THEN now() ELSE u.due_at END,
        attempts = 0,
        error = NULL,
        dead = false
    WHERE u.version < EXCLUDED.version
)
SELECT count(*) FROM taken
