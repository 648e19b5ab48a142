-- Made by `caffis-chat pg-relay install`: mirrors the users of @TABLE@ to the chat.
-- It may be run again at any time, as the owner of the table or a superuser.
BEGIN;
-- Triggers wait for running writers of the table, and others wait behind them.
SET LOCAL lock_timeout = '5s';

-- The relay's role: it reads the mapped columns, and has what waits in its schema.
DO $install$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = @ROLE_TEXT@) THEN
        CREATE ROLE @ROLE@ LOGIN;
        PERFORM set_config('caffis.made_role', 'yes', true);
    END IF;
END
$install$;
@ROLE_PASSWORD@
CREATE SCHEMA IF NOT EXISTS @SCHEMA@;
REVOKE ALL ON SCHEMA @SCHEMA@ FROM PUBLIC;

-- Numbers of changes. They begin at the clock, so they also grow over a new installation.
CREATE SEQUENCE IF NOT EXISTS @SCHEMA@.versions AS bigint INCREMENT BY @STEP@ MINVALUE 0 CACHE 1;

-- What triggers write: a row for each change, in the transaction of the change. No payload: deleted.
CREATE TABLE IF NOT EXISTS @SCHEMA@.outbox (
    version bigint PRIMARY KEY DEFAULT nextval('@SCHEMA@.versions'),
    key     @KEY_TYPE@@COLLATE@ NOT NULL,
    payload jsonb,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX IF NOT EXISTS outbox_key ON @SCHEMA@.outbox (key);

-- One row for each user, written by relays only: what is newest, and what the receiver has acknowledged. A
-- checksum of none means that the user is deleted.
CREATE TABLE IF NOT EXISTS @SCHEMA@.users (
    key            @KEY_TYPE@@COLLATE@ PRIMARY KEY,
    version        bigint NOT NULL,
    payload        jsonb,
    checksum       bigint,
    changed_at     timestamptz NOT NULL,
    acked_version  bigint NOT NULL DEFAULT 0,
    acked_checksum bigint,
    -- Since when something has not been acknowledged; when it is due, or due again should its relay be gone.
    waiting_since  timestamptz,
    due_at         timestamptz,
    claim          bigint,
    attempts       integer NOT NULL DEFAULT 0,
    -- Why the last attempt failed; dead: the receiver refused this version for good.
    error          text,
    dead           boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS users_due ON @SCHEMA@.users (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS users_dead ON @SCHEMA@.users (key) WHERE dead;

-- One row: what is installed, and how far the first fill is.
CREATE TABLE IF NOT EXISTS @SCHEMA@.state (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    format        integer NOT NULL,
    -- Part of the ids of events, which differ after a new installation or a full resync.
    installation  uuid NOT NULL DEFAULT gen_random_uuid(),
    generation    integer NOT NULL DEFAULT 0,
    source        oid NOT NULL,
    columns       jsonb NOT NULL,
    made_role     boolean NOT NULL,
    -- The version of everything that was there before the triggers; all changes have larger ones.
    first_version bigint,
    fill_after    @KEY_TYPE@@COLLATE@,
    fill_count    bigint NOT NULL DEFAULT 0,
    fill_next     timestamptz NOT NULL DEFAULT now(),
    fill_done     boolean NOT NULL DEFAULT false,
    installed_at  timestamptz NOT NULL DEFAULT now()
);

-- Writes a change into the outbox, with the rights of the owner of this function. A column that is missing,
-- because it was renamed, must not make the application's own write fail: it is reported by the relay.
CREATE OR REPLACE FUNCTION @SCHEMA@.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $note$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    IF NOT coalesce(after, before) ? @KEY_TEXT@ THEN
        RAISE WARNING 'the column % is gone: run caffis-chat pg-relay install', @KEY_TEXT@;
        RETURN NULL;
    END IF;
    IF before IS NOT NULL AND before ->> @KEY_TEXT@ IS DISTINCT FROM after ->> @KEY_TEXT@ THEN
        INSERT INTO @SCHEMA@.outbox (key) VALUES ((before ->> @KEY_TEXT@)::@KEY_TYPE@);
    END IF;
    IF after IS NOT NULL THEN
        INSERT INTO @SCHEMA@.outbox (key, payload) VALUES (
            (after ->> @KEY_TEXT@)::@KEY_TYPE@,
            CASE WHEN after ?& @COLUMNS@ THEN @PAYLOAD_OF_CHANGE@
                 ELSE jsonb_build_object('!missing', true) END
        );
    END IF;
    -- Once for each transaction, however many rows it changes.
    PERFORM pg_notify(@CHANNEL@, '');
    RETURN NULL;
END
$note$;

CREATE OR REPLACE FUNCTION @SCHEMA@.note_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $note$
BEGIN
    INSERT INTO @SCHEMA@.outbox (key)
    SELECT key FROM @SCHEMA@.users WHERE checksum IS NOT NULL
    UNION
    SELECT key FROM @SCHEMA@.outbox;
    PERFORM pg_notify(@CHANNEL@, '');
    RETURN NULL;
END
$note$;
REVOKE ALL ON FUNCTION @SCHEMA@.note_change(), @SCHEMA@.note_truncate() FROM PUBLIC;

-- Changes of other columns write nothing.
CREATE OR REPLACE TRIGGER caffis_relay_insert_delete AFTER INSERT OR DELETE ON @TABLE@
    FOR EACH ROW EXECUTE FUNCTION @SCHEMA@.note_change();
CREATE OR REPLACE TRIGGER caffis_relay_update AFTER UPDATE ON @TABLE@
    FOR EACH ROW WHEN (@CHANGED@) EXECUTE FUNCTION @SCHEMA@.note_change();
CREATE OR REPLACE TRIGGER caffis_relay_truncate AFTER TRUNCATE ON @TABLE@
    FOR EACH STATEMENT EXECUTE FUNCTION @SCHEMA@.note_truncate();

-- Nobody writes the table now: the triggers hold it. So each change from here on has a larger version.
SELECT setval('@SCHEMA@.versions', greatest(
    (SELECT last_value FROM @SCHEMA@.versions),
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint / @STEP@ * @STEP@));
INSERT INTO @SCHEMA@.state (format, source, columns, made_role, first_version)
VALUES (1, @SOURCE@, @MAP@, current_setting('caffis.made_role', true) IS NOT DISTINCT FROM 'yes',
    (SELECT last_value FROM @SCHEMA@.versions))
ON CONFLICT (one) DO UPDATE SET columns = EXCLUDED.columns;

GRANT USAGE ON SCHEMA @SCHEMA@, @TABLE_SCHEMA@ TO @ROLE@;
GRANT SELECT (@MAPPED@) ON @TABLE@ TO @ROLE@;
GRANT SELECT, UPDATE, DELETE ON @SCHEMA@.outbox TO @ROLE@;
GRANT SELECT, INSERT, UPDATE ON @SCHEMA@.users TO @ROLE@;
GRANT SELECT, UPDATE ON @SCHEMA@.state TO @ROLE@;
COMMIT;
