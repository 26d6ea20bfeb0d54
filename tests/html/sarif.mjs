// sarif.mjs - the SARIF of every document against the schema of SARIF 2.1.0 (from a development dependency).
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import Ajv from 'ajv-draft-04';
import formats from 'ajv-formats';

const schemaFile = createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
const ajv = new Ajv({ strict: false, unicodeRegExp: false });
formats(ajv);
const valid = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')));

for (const name of readdirSync(process.env.REPORTS).filter((file) => file.endsWith('.sarif'))) {
    test(`${name} is valid`, () => {
        assert.ok(valid(JSON.parse(readFileSync(join(process.env.REPORTS, name), 'utf8'))), JSON.stringify(valid.errors, null, 1));
    });
}

test('the schema refuses what is no SARIF', () => {
    assert.equal(valid({ version: '2.1.0', runs: [{ tool: {} }] }), false);
});
