-- Processes whose children ended by the hundred within a minute.
SELECT
    toStartOfMinute(Timestamp) AS minute,
    ResourceAttributes['host.name'] AS host,
    LogAttributes['waggle.parent_process.id'] AS parent,
    any(LogAttributes['waggle.parent_process.executable.name']) AS parent_program,
    uniqExact(LogAttributes['log.record.uid']) AS children,
    topK(3)(LogAttributes['process.executable.name']) AS programs
FROM waggle.otel_logs
WHERE Timestamp >= now() - INTERVAL 1 HOUR AND EventName = 'process.exit'
GROUP BY minute, host, parent
HAVING children >= 100
ORDER BY children DESC
LIMIT 50
