"""The statements by which telemetry is found and kept, set-wise."""

CHANGED_READINGS = """
SELECT station_id, evse, min(at) AS first, max(at) AS last FROM reading
WHERE received_at >= $1::timestamptz AND received_at < $2::timestamptz AND evse > 0
GROUP BY station_id, evse
"""

CHANGED_TURNS = """
WITH turned AS (
    SELECT DISTINCT station_id, transaction_id FROM transaction_report
    WHERE received_at >= $1::timestamptz AND received_at < $2::timestamptz
        AND (event_type <> 'Updated' OR trigger_reason = ANY($3::text[]))
)
SELECT transaction.station_id, transaction.evse, array_agg(report.at) AS turns
FROM turned
JOIN transaction ON transaction.station_id = turned.station_id
    AND transaction.id = turned.transaction_id
JOIN transaction_report AS report ON report.station_id = turned.station_id
    AND report.transaction_id = turned.transaction_id
    AND (report.event_type <> 'Updated' OR report.trigger_reason = ANY($3::text[]))
WHERE transaction.evse IS NOT NULL
GROUP BY transaction.station_id, transaction.evse
"""

READINGS = """
SELECT wanted.place::int, said.at, said.location, said.context, said.transaction_id,
    said.import_ws, said.export_ws, said.import_w, said.export_w, said.soc_pct,
    said.received_at
FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[])
    WITH ORDINALITY AS wanted (station_id, evse, first, last, place)
JOIN LATERAL (
    SELECT * FROM reading
    WHERE reading.station_id = wanted.station_id AND reading.evse = wanted.evse
        AND reading.at BETWEEN wanted.first AND wanted.last
) AS said ON true
ORDER BY wanted.place, said.at
"""

TURNS = """
SELECT wanted.place::int, report.transaction_id, report.at, report.event_type,
    report.trigger_reason, transaction.stopped_reason
FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[])
    WITH ORDINALITY AS wanted (station_id, evse, first, last, place)
JOIN transaction ON transaction.station_id = wanted.station_id
    AND transaction.evse = wanted.evse
    AND transaction.last_at >= wanted.first AND transaction.first_at <= wanted.last
JOIN transaction_report AS report ON report.station_id = transaction.station_id
    AND report.transaction_id = transaction.id
    AND (report.event_type <> 'Updated' OR report.trigger_reason = ANY($5::text[]))
"""

SAVE_QUARTERS = """
INSERT INTO quarter (
    station_id, evse, start, import_ws, export_ws, mean_w, soc_pct, soc_at, quality,
    transaction_id, plug_in_at, plug_out_at, charge_start_at, charge_stop_at,
    discharge_start_at, discharge_stop_at
)
SELECT * FROM unnest(
    $1::text[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::float8[], $8::timestamptz[], $9::text[], $10::text[], $11::timestamptz[],
    $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[],
    $16::timestamptz[]
)
ON CONFLICT (station_id, evse, start) DO UPDATE SET
    import_ws = excluded.import_ws, export_ws = excluded.export_ws,
    mean_w = excluded.mean_w, soc_pct = excluded.soc_pct, soc_at = excluded.soc_at,
    quality = excluded.quality, transaction_id = excluded.transaction_id,
    plug_in_at = excluded.plug_in_at, plug_out_at = excluded.plug_out_at,
    charge_start_at = excluded.charge_start_at,
    charge_stop_at = excluded.charge_stop_at,
    discharge_start_at = excluded.discharge_start_at,
    discharge_stop_at = excluded.discharge_stop_at
"""

SAVE_LIVE = """
INSERT INTO evse_live (
    station_id, evse, connector_status, connector_status_at, transaction_id, plugged,
    plugged_at, charging_state, operation_mode, power_w, power_at, soc_pct, soc_at,
    import_ws, export_ws, register_at, ev_needs, external_limit, der_alarm,
    priority_charging
)
SELECT said.station_id, said.evse, connector_status, connector_status_at,
    transaction_id, plugged, plugged_at, charging_state, operation_mode, power_w,
    power_at, soc_pct, soc_at, import_ws, export_ws, register_at, ev_needs::jsonb,
    external_limit::jsonb, der_alarm::jsonb, priority_charging
FROM unnest(
    $1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::bool[],
    $7::timestamptz[], $8::text[], $9::text[], $10::bigint[], $11::timestamptz[],
    $12::float8[], $13::timestamptz[], $14::bigint[], $15::bigint[],
    $16::timestamptz[], $17::text[], $18::text[], $19::text[], $20::bool[]
) AS said (
    station_id, evse, connector_status, connector_status_at, transaction_id, plugged,
    plugged_at, charging_state, operation_mode, power_w, power_at, soc_pct, soc_at,
    import_ws, export_ws, register_at, ev_needs, external_limit, der_alarm,
    priority_charging
)
JOIN evse ON evse.station_id = said.station_id AND evse.number = said.evse
ORDER BY said.station_id, said.evse
ON CONFLICT (station_id, evse) DO UPDATE SET
    connector_status = excluded.connector_status,
    connector_status_at = excluded.connector_status_at,
    transaction_id = excluded.transaction_id, plugged = excluded.plugged,
    plugged_at = excluded.plugged_at, charging_state = excluded.charging_state,
    operation_mode = excluded.operation_mode, power_w = excluded.power_w,
    power_at = excluded.power_at, soc_pct = excluded.soc_pct,
    soc_at = excluded.soc_at, import_ws = excluded.import_ws,
    export_ws = excluded.export_ws, register_at = excluded.register_at,
    ev_needs = excluded.ev_needs, external_limit = excluded.external_limit,
    der_alarm = excluded.der_alarm, priority_charging = excluded.priority_charging
"""
