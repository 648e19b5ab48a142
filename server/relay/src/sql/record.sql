-- Writes down how attempts ended. An acknowledgement counts in any case; the rest only as long as the row is still
-- this relay's. What is newer than the version that was sent is due at once.
WITH said AS (
    SELECT key::@KEY_TYPE@, claim, version, checksum, outcome, error, wait
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
        AS said (key, claim, version, checksum, outcome, error, wait)
), held AS (
    -- In one order, so that relays never wait for each other in a circle.
    SELECT u.key FROM @SCHEMA@.users AS u JOIN said ON u.key = said.key ORDER BY u.key FOR UPDATE OF u
), acked AS (
    SELECT said.*, outcome = 'delivered' AS delivered FROM said JOIN held ON said.key = held.key
)
UPDATE @SCHEMA@.users AS u SET
    acked_version = CASE WHEN said.delivered THEN greatest(u.acked_version, said.version)
        ELSE u.acked_version END,
    acked_checksum = CASE WHEN said.delivered AND said.version >= u.acked_version THEN said.checksum
        ELSE u.acked_checksum END,
    claim = CASE WHEN u.claim = said.claim THEN NULL ELSE u.claim END,
    due_at = CASE
        WHEN u.claim IS DISTINCT FROM said.claim THEN u.due_at
        WHEN u.version <> said.version THEN now()
        WHEN said.outcome IN ('delivered', 'dead') THEN NULL
        ELSE now() + said.wait * interval '1 ms' END,
    waiting_since = CASE
        WHEN u.claim = said.claim AND u.version = said.version AND said.delivered THEN NULL
        ELSE u.waiting_since END,
    payload = CASE
        WHEN u.claim = said.claim AND u.version = said.version AND said.delivered THEN NULL
        ELSE u.payload END,
    attempts = CASE
        WHEN u.claim IS DISTINCT FROM said.claim THEN u.attempts
        WHEN u.version <> said.version OR said.delivered THEN 0
        WHEN said.outcome = 'unsent' THEN greatest(u.attempts - 1, 0)
        ELSE u.attempts END,
    error = CASE
        WHEN u.claim IS DISTINCT FROM said.claim OR said.outcome = 'unsent' THEN u.error
        WHEN u.version <> said.version OR said.delivered THEN NULL
        ELSE said.error END,
    dead = CASE
        WHEN u.claim = said.claim AND u.version = said.version THEN said.outcome = 'dead'
        ELSE u.dead END
FROM acked AS said WHERE u.key = said.key
