REVOKE USAGE ON SCHEMA @TABLE_SCHEMA@ FROM @ROLE@;
-- The installation made it. It stays where something else needs it.
DO $uninstall$
BEGIN
    DROP ROLE @ROLE@;
EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE 'the role % is used elsewhere and stays', @ROLE_TEXT@;
END
$uninstall$;
