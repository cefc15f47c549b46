// Checks Kubernetes objects against the API's schemas, with npm's kubernetes-models, made from Kubernetes' OpenAPI document.
//
//	node validate.js FILE.yaml..., in a folder with kubernetes-models and js-yaml; prints the errors, and at the end the number of valid objects
const { createRequire } = require("module");
const { readFileSync } = require("fs");
const need = createRequire(process.cwd() + "/");
const yaml = need("js-yaml");
let valid = 0;
for (const path of process.argv.slice(2)) {
	for (const object of yaml.loadAll(readFileSync(path, "utf8")).filter(Boolean)) {
		const name = `${path}: ${object.kind} ${object.metadata.name}`;
		try {
			const Model = need(`kubernetes-models/${object.apiVersion}/${object.kind}`)[object.kind];
			new Model(object).validate();
			valid++;
		} catch (error) {
			console.log(`${name}: ${error.message}`);
		}
	}
}
console.log(`${valid} valid`);
