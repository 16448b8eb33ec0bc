"""The statements by which reports and readings are kept, set-wise."""

WRITE = """
WITH told AS (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::text[],
        $7::timestamptz[], $8::bool[], $9::text[], $10::int[],
        $11::text[], $12::text[], $13::text[], $14::bigint[]
    ) WITH ORDINALITY AS told (
        station_id, transaction_id, seq_no, digest, event_type, trigger_reason,
        at, offline, payload, evse,
        charging_state, stopped_reason, id_token, remote_start_id, place
    )
), kept AS (
    INSERT INTO transaction_report (
        station_id, transaction_id, seq_no, digest, event_type, trigger_reason,
        at, offline, received_at, payload
    )
    SELECT station_id, transaction_id, seq_no, digest, event_type, trigger_reason,
        at, offline, $27::timestamptz, payload
    FROM told ORDER BY station_id, transaction_id, seq_no
    ON CONFLICT DO NOTHING
    RETURNING station_id, transaction_id, seq_no
), news AS (
    SELECT told.* FROM told JOIN kept USING (station_id, transaction_id, seq_no)
), folded AS (
    INSERT INTO transaction AS known (
        station_id, id, evse, started_at, ended_at, first_at, last_at, last_seq,
        reports, stopped_reason, id_token, id_token_seq, charging_state,
        charging_state_seq, remote_start_id, presumed_ended
    )
    SELECT station_id, transaction_id, min(evse),
        min(at) FILTER (WHERE event_type = 'Started'),
        max(at) FILTER (WHERE event_type = 'Ended'),
        min(at), max(at), max(seq_no), count(*),
        min(stopped_reason COLLATE "C"),
        (array_agg(id_token ORDER BY seq_no)
            FILTER (WHERE id_token IS NOT NULL))[1],
        min(seq_no) FILTER (WHERE id_token IS NOT NULL),
        (array_agg(charging_state ORDER BY seq_no DESC)
            FILTER (WHERE charging_state IS NOT NULL))[1],
        max(seq_no) FILTER (WHERE charging_state IS NOT NULL),
        min(remote_start_id), false
    FROM news GROUP BY station_id, transaction_id
    ORDER BY station_id, transaction_id
    ON CONFLICT (station_id, id) DO UPDATE SET
        evse = least(known.evse, excluded.evse),
        started_at = least(known.started_at, excluded.started_at),
        ended_at = greatest(known.ended_at, excluded.ended_at),
        first_at = least(known.first_at, excluded.first_at),
        last_at = greatest(known.last_at, excluded.last_at),
        last_seq = greatest(known.last_seq, excluded.last_seq),
        reports = known.reports + excluded.reports,
        stopped_reason = least(
            known.stopped_reason COLLATE "C", excluded.stopped_reason COLLATE "C"
        ),
        id_token = CASE WHEN excluded.id_token_seq < known.id_token_seq
            OR known.id_token_seq IS NULL
            THEN excluded.id_token ELSE known.id_token END,
        id_token_seq = least(known.id_token_seq, excluded.id_token_seq),
        charging_state = CASE
            WHEN excluded.charging_state_seq > known.charging_state_seq
            OR known.charging_state_seq IS NULL
            THEN excluded.charging_state ELSE known.charging_state END,
        charging_state_seq =
            greatest(known.charging_state_seq, excluded.charging_state_seq),
        remote_start_id = least(known.remote_start_id, excluded.remote_start_id)
), said AS (
    SELECT * FROM unnest(
        $15::text[], $16::int[], $17::timestamptz[], $18::text[], $19::text[],
        $20::text[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
        $25::float8[], $26::int[]
    ) AS said (
        station_id, evse, at, location, context,
        transaction_id, import_ws, export_ws, import_w, export_w,
        soc_pct, place
    )
), measured AS (
    INSERT INTO reading AS known (
        station_id, evse, at, location, context, transaction_id,
        import_ws, export_ws, import_w, export_w, soc_pct, received_at
    )
    SELECT station_id, evse, at, location, context, min(transaction_id COLLATE "C"),
        max(import_ws), max(export_ws), max(import_w), max(export_w), max(soc_pct),
        $27::timestamptz
    FROM said WHERE place = 0 OR place IN (SELECT place FROM news)
    GROUP BY station_id, evse, at, location, context
    ORDER BY station_id, evse, at, location, context
    ON CONFLICT (station_id, evse, at, location, context) DO UPDATE SET
        transaction_id = least(
            known.transaction_id COLLATE "C", excluded.transaction_id COLLATE "C"
        ),
        import_ws = greatest(known.import_ws, excluded.import_ws),
        export_ws = greatest(known.export_ws, excluded.export_ws),
        import_w = greatest(known.import_w, excluded.import_w),
        export_w = greatest(known.export_w, excluded.export_w),
        soc_pct = greatest(known.soc_pct, excluded.soc_pct),
        received_at = greatest(known.received_at, excluded.received_at)
)
SELECT place FROM news
"""
"""Reports, their transactions and their readings; `csms.charging.transactions.merge`
says what the fold means. Readings of reports that were known are not looked at."""

PLACE_READINGS = """
WITH placed AS (
    SELECT station_id, id AS transaction_id, evse FROM transaction
    JOIN unnest($1::text[], $2::text[]) AS wanted (station_id, id)
        USING (station_id, id)
    WHERE evse IS NOT NULL
), moved AS (
    DELETE FROM reading USING placed
    WHERE reading.station_id = placed.station_id AND reading.evse = 0
        AND reading.transaction_id = placed.transaction_id
    RETURNING placed.evse AS number, reading.*
), measured AS (
    INSERT INTO reading AS known (
        station_id, evse, at, location, context, transaction_id,
        import_ws, export_ws, import_w, export_w, soc_pct, received_at
    )
    SELECT station_id, number, at, location, context, min(transaction_id COLLATE "C"),
        max(import_ws), max(export_ws), max(import_w), max(export_w), max(soc_pct),
        $3::timestamptz
    FROM moved GROUP BY station_id, number, at, location, context
    ON CONFLICT (station_id, evse, at, location, context) DO UPDATE SET
        transaction_id = least(
            known.transaction_id COLLATE "C", excluded.transaction_id COLLATE "C"
        ),
        import_ws = greatest(known.import_ws, excluded.import_ws),
        export_ws = greatest(known.export_ws, excluded.export_ws),
        import_w = greatest(known.import_w, excluded.import_w),
        export_w = greatest(known.export_w, excluded.export_w),
        soc_pct = greatest(known.soc_pct, excluded.soc_pct),
        received_at = greatest(known.received_at, excluded.received_at)
)
SELECT station_id, transaction_id FROM placed
"""

KNOWN = """
SELECT wanted.place, known.digest, known.at
FROM unnest($1::text[], $2::text[], $3::bigint[])
    WITH ORDINALITY AS wanted (station_id, transaction_id, seq_no, place)
JOIN transaction_report AS known USING (station_id, transaction_id, seq_no)
"""

CONFLICT = """
INSERT INTO transaction_conflict (
    station_id, transaction_id, seq_no, digest, received_at, payload
)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::text[]
)
ON CONFLICT DO NOTHING
"""

WHEREABOUTS = """
SELECT station_id, id, coalesce(
    (SELECT evse FROM transaction
        WHERE transaction.station_id = wanted.station_id
            AND transaction.id = wanted.id),
    (SELECT min(number) FROM evse WHERE evse.station_id = wanted.station_id
        HAVING count(*) = 1)
) AS evse
FROM unnest($1::text[], $2::text[]) AS wanted (station_id, id)
"""

UNPLACED = """
SELECT DISTINCT station_id, transaction_id FROM reading
WHERE evse = 0 AND transaction_id IS NOT NULL
"""
