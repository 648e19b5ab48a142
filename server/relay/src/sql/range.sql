-- Whether a range of users is as the receiver acknowledged it, by count and sum of checksums.
SELECT source.count, source.count = kept.count AND source.sum = kept.sum
FROM (
    SELECT count(*), coalesce(sum(@CHECKSUM@), 0) AS sum FROM (
        SELECT @PAYLOAD@ AS payload FROM @TABLE@ AS t WHERE @RANGE@) AS page
) AS source, (
    SELECT count(*), coalesce(sum(u.acked_checksum), 0) AS sum FROM @SCHEMA@.users AS u
    WHERE u.acked_checksum IS NOT NULL AND @RANGE_OF_KEPT@
) AS kept
