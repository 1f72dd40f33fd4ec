-- Programs that ran in the last hour on any host, and on none in the thirty days before.
SELECT
    LogAttributes['process.executable.path'] AS path,
    min(Timestamp) AS first,
    uniqExact(LogAttributes['log.record.uid']) AS runs,
    uniqExact(ResourceAttributes['host.name']) AS hosts,
    argMin(ResourceAttributes['host.name'], Timestamp) AS first_host,
    argMin(LogAttributes['process.command_args'], Timestamp) AS first_command
FROM waggle.otel_logs
WHERE Timestamp >= now() - INTERVAL 1 HOUR
    AND EventName = 'process.exec'
    AND path NOT IN (
        SELECT LogAttributes['process.executable.path']
        FROM waggle.otel_logs
        WHERE Timestamp >= now() - INTERVAL 30 DAY
            AND Timestamp < now() - INTERVAL 1 HOUR
            AND EventName = 'process.exec'
    )
GROUP BY path
ORDER BY first DESC
LIMIT 50
