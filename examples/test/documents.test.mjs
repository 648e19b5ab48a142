// Every example of every document runs, or what it names exists. Run by `cargo xtask test --only browsers`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { blocksOf, documents, read, where } from "./documents/blocks.mjs";
import { integration } from "./documents/integration.mjs";
import { cql, folders } from "./documents/lists.mjs";
import { checkNames } from "./documents/names.mjs";
import { endAll } from "./documents/processes.mjs";
import { nginx, toml } from "./documents/settings.mjs";
import { api, examples, operations, protocol } from "./documents/stories.mjs";
import { typescript } from "./documents/typescript.mjs";

/** Commands that build, test or measure the project: they are not run inside a test, and what they name exists. */
const named = (blocks) => blocks.forEach(checkNames);

/** Blocks that tests in Rust take out of the document and check; they have to look as those expect them. */
const inRust = (file, shape) => (blocks) => {
  const [{ document }] = blocks;
  assert.match(read(file), new RegExp(`include_str!\\([^;]*${document}"`), `${file} reads it`);
  for (const block of blocks) {
    assert.match(block.text, shape, where(block));
    block.checked = true;
  }
};

/** The example of the hooks: a test of theirs compares it with the file that it runs. */
const hooks = (blocks) => {
  const run = read("clients/react/test/example.test.tsx");
  assert.match(run, /read\("\.\.\/README\.md"\)/);
  assert.match(run, /read\("\.\.\/example\/App\.tsx"\)/);
  for (const block of blocks) {
    block.checked = block.text === read("clients/react/example/App.tsx");
  }
};

/** What an event is, of those that services send and those that they hear. */
const EVENT = /^\{"type": "[a-z.]+", "timestamp": "[^"]+", "data": \{[\s\S]*\}\}\n$/;

/** Of each document: what checks the blocks of which languages. The empty one is a block without a language. */
const CHECKS = {
  "ARCHITECTURE.md": [
    { languages: ["sh"], by: named },
    { languages: [""], by: folders },
  ],
  "README.md": [{ languages: ["sh"], by: named }],
  "clients/react/README.md": [{ languages: ["tsx"], by: hooks }],
  "clients/ts/README.md": [{ languages: ["ts"], by: typescript }],
  "docs/api.md": [
    { languages: ["sh", "sh walk", "json"], by: api },
    { languages: ["json walk"], by: inRust("server/tests/edge/api/docs.rs", /./) },
  ],
  "docs/benchmarks.md": [{ languages: ["sh"], by: named }],
  "docs/integration.md": [
    { languages: ["sh", "js", ""], by: integration },
    { languages: ["toml"], by: toml },
    { languages: ["json"], by: inRust("server/tests/edge/hooks/schemas.rs", EVENT) },
  ],
  "docs/metrics.md": [{ languages: ["toml"], by: toml }],
  "docs/operations.md": [
    { languages: ["sh"], by: operations },
    { languages: ["toml"], by: toml },
    { languages: ["nginx"], by: nginx },
  ],
  "docs/protocol.md": [
    { languages: ["json", "sh", ""], by: protocol },
    {
      languages: ["session"],
      by: inRust("server/tests/edge/example_session.rs", /^((->|<-) \{.*\}\n)+$/),
    },
  ],
  "docs/storage.md": [{ languages: [""], by: cql }],
  "examples/README.md": [{ languages: ["sh"], by: examples }],
};

const all = documents().flatMap((document) => blocksOf(document));
const checkOf = ({ document, tag }) =>
  CHECKS[document]?.find(({ languages }) => languages.includes(tag));

afterEach(endAll);

test("something checks every block of every document", () => {
  const unchecked = all.filter((block) => !checkOf(block)).map(where);
  assert.deepEqual(unchecked, [], "say in CHECKS what checks these");
});

for (const [document, checks] of Object.entries(CHECKS)) {
  for (const { languages, by } of checks) {
    const names = languages.map((language) => language || "no language").join(", ");
    test(`the examples of ${document} are right: ${names}`, async () => {
      const blocks = all.filter(
        (block) => block.document === document && languages.includes(block.tag),
      );
      for (const language of languages) {
        const found = blocks.some(({ tag }) => tag === language);
        assert.ok(found, `${document} has no block of "${language}" any more`);
      }
      const folder = mkdtempSync(join(tmpdir(), "caffis-documents-"));
      try {
        await by(blocks, folder);
      } finally {
        await endAll();
        rmSync(folder, { recursive: true });
      }
      assert.deepEqual(blocks.filter(({ checked }) => !checked).map(where), [], "left out");
    });
  }
}
