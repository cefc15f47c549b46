// The conversion of docs/users/finops.md: costs.csv to costs.parquet; money and counts come back digit for digit.
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
	const db = await (await DuckDBInstance.create()).connect();
	const types = "types={'cost_capacity': 'DECIMAL(38,9)', 'gpu_ns_capacity': 'BIGINT'}";
	await db.run(`COPY (SELECT * FROM read_csv('costs.csv', ${types})) TO 'costs.parquet'`);
	const of = async (from) => (await db.runAndReadAll(from)).getRows().map((row) => row.map(String).join("|"));
	const text = await of("SELECT cost_capacity, gpu_ns_capacity FROM read_csv('costs.csv', all_varchar=true)");
	const parquet = await of("SELECT cost_capacity::VARCHAR, gpu_ns_capacity::VARCHAR FROM 'costs.parquet'");
	const kinds = await of("SELECT typeof(cost_capacity), typeof(gpu_ns_capacity) FROM 'costs.parquet' LIMIT 1");
	console.log(kinds[0], text.length);
	console.log(text.length > 3 && text.join() === parquet.join() && kinds[0] === "DECIMAL(38,9)|BIGINT" ? "same" : "different");
})();
