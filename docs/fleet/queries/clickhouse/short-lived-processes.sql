-- Programs whose runs last less than a tenth of a second: how many, how long, what they cost together.
SELECT
    ResourceAttributes['host.name'] AS host,
    LogAttributes['process.executable.name'] AS program,
    LogAttributes['waggle.parent_process.executable.name'] AS started_by,
    uniqExact(LogAttributes['log.record.uid']) AS runs,
    round(quantile(0.5)(toUInt64OrZero(LogAttributes['waggle.lifetime_ns'])) / 1e6, 2) AS median_ms,
    round(sum(toUInt64OrZero(LogAttributes['waggle.user_ns']) + toUInt64OrZero(LogAttributes['waggle.system_ns'])) / 1e9, 3) AS cpu_seconds
FROM waggle.otel_logs
WHERE Timestamp >= now() - INTERVAL 1 HOUR
    AND EventName = 'process.exit'
    AND toUInt64OrZero(LogAttributes['waggle.lifetime_ns']) < 100000000
GROUP BY host, program, started_by
ORDER BY runs DESC
LIMIT 50
