-- CPU time by profile samples, of processes that still run too: by container on a node of Kubernetes, else by cgroup,
-- which is a service of systemd, else by program. A sample's process is found by its last exec; one that ran before
-- its agent has none.
WITH
    samples AS (
        SELECT
            Timestamp AS sampled,
            ResourceAttributes['waggle.boot.id'] AS boot,
            ResourceAttributes['host.name'] AS host,
            SampleAttributes['process.pid'] AS pid,
            SampleAttributes['process.executable.name'] AS program,
            arraySum(Values) * Period / 1e9 AS cpu
        FROM waggle.otel_profiles
        WHERE Timestamp >= now() - INTERVAL 1 HOUR
    ),
    execs AS (
        SELECT
            Timestamp AS executed,
            ResourceAttributes['waggle.boot.id'] AS boot,
            LogAttributes['process.pid'] AS pid,
            if(
                LogAttributes['k8s.pod.name'] != '',
                concat(LogAttributes['k8s.namespace.name'], '/', LogAttributes['k8s.container.name']),
                LogAttributes['process.linux.cgroup']
            ) AS service
        FROM waggle.otel_logs
        WHERE Timestamp >= now() - INTERVAL 1 DAY AND EventName = 'process.exec'
    )
SELECT
    host,
    if(service = '', program, service) AS name,
    round(sum(cpu), 2) AS cpu_seconds,
    topK(3)(program) AS programs
FROM samples
ASOF LEFT JOIN execs ON samples.boot = execs.boot AND samples.pid = execs.pid AND samples.sampled + INTERVAL 10 SECOND >= execs.executed
GROUP BY host, name
ORDER BY cpu_seconds DESC
LIMIT 50
