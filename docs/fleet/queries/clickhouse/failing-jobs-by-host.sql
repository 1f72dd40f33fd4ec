-- Programs that ended with a failure or could not be executed in the last hour, by host; who started them.
SELECT
    ResourceAttributes['host.name'] AS host,
    LogAttributes['process.executable.name'] AS program,
    LogAttributes['waggle.parent_process.executable.name'] AS started_by,
    coalesce(
        nullIf(LogAttributes['waggle.exit.signal'], ''),
        nullIf(LogAttributes['process.exit.code'], ''),
        LogAttributes['error.type']
    ) AS outcome,
    uniqExact(LogAttributes['log.record.uid']) AS failures,
    max(Timestamp) AS last,
    any(LogAttributes['process.command_args']) AS example
FROM waggle.otel_logs
WHERE Timestamp >= now() - INTERVAL 1 HOUR
    AND EventName IN ('process.exit', 'process.exec.failed')
    AND SeverityText = 'WARN'
GROUP BY host, program, started_by, outcome
ORDER BY failures DESC
LIMIT 50
