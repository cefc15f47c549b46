// The CPU time of DuckDB for the sums of requests by hour and tenant, in seconds, one thread: node duckdb.js LOG, where @duckdb/node-api is.
const { DuckDBInstance } = require(require.resolve("@duckdb/node-api", { paths: [process.cwd()] }));
(async () => {
	const db = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
	const before = process.cpuUsage();
	await db.run(`CREATE TABLE sums AS SELECT arrival_ns // 3600000000000 AS hour, tenant, count(*) AS requests,
		sum(prompt_tokens) AS input, sum(cached_tokens) AS cached, sum(completion_tokens) AS output, sum(finish_ns - scheduled_ns) AS ns
		FROM read_json('${process.argv[2]}', format = 'newline_delimited') GROUP BY 1, 2 ORDER BY 1, 2`);
	const used = process.cpuUsage(before);
	console.log((used.user + used.system) / 1e6);
})();
