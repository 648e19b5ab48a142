// Blocks without a language that list what there is: it has to be there, under these names.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, read, where } from "./blocks.mjs";

/** Where the names of a list may lie. */
const FOLDERS = ["", "server/core/src"];

/** Lists of folders and modules with a line for each: of the project, or of core. */
export function folders(blocks) {
  for (const block of blocks) {
    const lines = block.text.split("\n").filter((line) => /^\S/.test(line));
    const names = lines.flatMap((line) => {
      const [, name, second] = /^(\S+).*?(?: {5}(clients\/\w+) {2}.*)?$/.exec(line);
      return second ? [name, second] : [name];
    });
    const missing = FOLDERS.map((folder) => names.filter((name) => !isThere(folder, name)));
    const least = missing.sort((a, b) => a.length - b.length)[0];
    assert.deepEqual(least, [], `${where(block)} lists what is not there`);
    block.checked = true;
  }
}

function isThere(folder, name) {
  const path = join(PROJECT, folder, name);
  return existsSync(path) || existsSync(`${path}.rs`);
}

/** Questions to the store: the tables and columns are declared in Rust. */
export function cql(blocks) {
  const tables = "server/core/src/tables";
  const files = readdirSync(join(PROJECT, tables)).map((file) => read(`${tables}/${file}`));
  const sources = [...files, read("scylla/src/migrate.rs")];
  for (const block of blocks) {
    const statements = block.text.replace(/--.*$/gm, "").split("cqlsh>").slice(1);
    assert.ok(statements.length > 0, where(block));
    for (const statement of statements) {
      const shape = /^ SELECT (.+?)\s+FROM caffis\.(\w+)(?:\s+WHERE (.+?))?(?: LIMIT \d+)?;\s*$/s;
      const [, columns, table, conditions = ""] = shape.exec(statement) ?? [];
      assert.ok(table, `${where(block)}: nothing checks ${statement}`);
      const source = sources.find((text) => new RegExp(`(in|name:) "${table}"`).test(text));
      assert.ok(source, `${where(block)}: there is no table ${table}`);
      const wanted = columns === "*" ? [] : columns.split(", ");
      const compared = conditions.split(" AND ").filter(Boolean);
      for (const column of [...wanted, ...compared.map((condition) => condition.split(" ")[0])]) {
        assert.match(source, new RegExp(`\\b${column}: `), `${where(block)}: ${table}.${column}`);
      }
    }
    block.checked = true;
  }
}
