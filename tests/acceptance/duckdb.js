// The conversion from CSV to Parquet, as a page of the docs has it: costs.csv to costs.parquet; money and counts come back digit for digit.
//
//	node duckdb.js PAGE, in a folder with costs.csv and @duckdb/node-api
const { readFileSync } = require("fs");
const { DuckDBInstance } = require(require.resolve("@duckdb/node-api", { paths: [process.cwd()] }));
(async () => {
	const db = await (await DuckDBInstance.create()).connect();
	const [, conversion] = readFileSync(process.argv[2], "utf8").match(/^duckdb -c "(COPY .*)"$/m);
	await db.run(conversion);
	const of = async (from) => (await db.runAndReadAll(from)).getRows().map((row) => row.map(String).join("|"));
	const [header] = readFileSync("costs.csv", "utf8").split("\n");
	const columns = header.split(",");
	const exact = columns.filter((name) => name.startsWith("cost") || name.endsWith("_ns") || name.includes("gpu_ns"));
	const list = exact.map((name) => `"${name}"::VARCHAR`).join(", ");
	const text = await of(`SELECT ${list} FROM read_csv('costs.csv', all_varchar=true)`);
	const parquet = await of(`SELECT ${list} FROM 'costs.parquet'`);
	const kinds = (await of(`SELECT ${exact.map((name) => `typeof("${name}")`).join(", ")} FROM 'costs.parquet' LIMIT 1`))[0].split("|");
	console.log(exact.map((name, i) => `${name} ${kinds[i]}`).join(", "), text.length);
	const sound = kinds.every((kind, i) => kind === (exact[i].startsWith("cost") ? "DECIMAL(38,9)" : "BIGINT"));
	console.log(text.length > 3 && text.join() === parquet.join() && sound ? "same" : "different");
})();
