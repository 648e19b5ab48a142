-- What is installed, and whether it still fits.
SELECT s.installation::text, s.generation, s.source, n.nspname, c.relname,
    s.columns::text,
    (SELECT coalesce(jsonb_object_agg(a.attname, format_type(a.atttypid, NULL)), '{}')::text
     FROM pg_attribute AS a WHERE a.attrelid = s.source AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid = s.source AND t.tgenabled IN ('O', 'A')
        AND t.tgname IN ('caffis_relay_insert_delete', 'caffis_relay_update', 'caffis_relay_truncate')),
    c.oid IS NOT NULL AND row_security_active(c.oid), current_user::text,
    s.fill_after::text, s.fill_done, s.fill_count, s.format, s.made_role
FROM @SCHEMA@.state AS s
LEFT JOIN pg_class AS c ON c.oid = s.source
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
