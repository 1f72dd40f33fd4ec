-- Stacks of the last hour as Grafana's flame graph panel reads them: frames of a tree in depth-first order, each with
-- its level, its own time and that of all below it. What has less than a two thousandth is left out.
WITH
    stacks AS (
        SELECT arrayReverse(FunctionNames) AS frames, arraySum(Values) * Period / 1e9 AS cpu
        FROM waggle.otel_profiles
        WHERE Timestamp >= now() - INTERVAL 1 HOUR AND SampleType IN ('samples', 'cpu')
    ),
    paths AS (
        SELECT
            arraySlice(frames, 1, depth) AS path,
            sum(cpu) AS value,
            sumIf(cpu, depth = length(frames)) AS self
        FROM stacks
        ARRAY JOIN arrayEnumerate(frames) AS depth
        GROUP BY path
        HAVING value * 2000 >= (SELECT sum(cpu) FROM stacks)
    )
SELECT level, label, value, self
FROM (
    SELECT 0 AS level, 'all' AS label, sum(cpu) AS value, 0. AS self, CAST([], 'Array(String)') AS position FROM stacks
    UNION ALL
    SELECT length(path) AS level, path[-1] AS label, value, self, path AS position FROM paths
)
ORDER BY position
LIMIT 20000
