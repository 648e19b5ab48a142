// A terminal: the blocks of a document, typed one after the other into one bash.

import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { assertShown, where } from "./blocks.mjs";
import { checkNames, onlyNames } from "./names.mjs";
import { begin, clean, pathOf, SERVER } from "./processes.mjs";

/** What the documents may use. What else they name is not found, so nothing reaches beyond the folder. */
const PROGRAMS = ["cat", "curl", "date", "grep", "openssl", "rm", "sed", "sleep", "tail"];
/** The Python of the examples. */
const PYTHON = process.env.CAFFIS_EXAMPLES_PYTHON ?? "python3";

function programs(folder) {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of PROGRAMS) symlinkSync(pathOf(name), join(bin, name));
  symlinkSync(SERVER, join(bin, "caffis-chat"));
  // A Python that is linked to does not find its packages.
  const python = isAbsolute(PYTHON) ? PYTHON : pathOf(PYTHON);
  for (const [name, before] of [
    ["python", ""],
    ["pip", " -m pip"],
  ]) {
    const script = `#!/bin/sh\nexec "${python}"${before} "$@"\n`;
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  }
  return bin;
}

/** A bash in a folder. */
export class Session {
  #child;
  #out = "";
  #err = "";
  #count = 0;
  #ended = false;
  #wake = () => {};
  #replaced = new Map();

  /** `env` is what the reader's terminal has. */
  constructor(folder, env = {}) {
    this.folder = folder;
    const settings = {
      HOME: folder,
      PIP_NO_INDEX: "1",
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      ...env,
      PATH: programs(folder),
    };
    this.#child = begin(pathOf("bash"), ["-eu"], { cwd: folder, env: clean(settings) });
    this.#child.stdout.on("data", (data) => {
      this.#out += data;
      this.#wake();
    });
    this.#child.stderr.on("data", (data) => {
      this.#err += data;
    });
    this.#child.stdin.on("error", () => {});
    this.#child.on("exit", () => {
      this.#ended = true;
      this.#wake();
    });
    // Also when the test is killed, nothing stays: bash ends with its input.
    this.#child.stdin.write("trap 'kill $(jobs -p) 2> /dev/null || :' EXIT\n");
  }

  /** Puts something else in the place of what is only an example. */
  replace(example, real) {
    this.#replaced.set(example, { real, used: this.#replaced.get(example)?.used ?? false });
  }

  /** Fails if an example was nowhere: it is spelt in another way by now. */
  assertReplaced() {
    for (const [example, { used }] of this.#replaced) assert.ok(used, `${example} is nowhere`);
  }

  /** Runs commands to their end and gives what they print. Fails when one of them does. */
  async run(commands, name = commands) {
    let text = commands;
    for (const [example, replacement] of this.#replaced) {
      if (!text.includes(example)) continue;
      text = text.replaceAll(example, replacement.real);
      replacement.used = true;
    }
    assert.ok(!text.includes("…"), `${name}: something is left out\n${text}`);
    this.#count += 1;
    const mark = `\n--- ${this.#count} ---\n`;
    this.#out = "";
    this.#err = "";
    this.#child.stdin.write(
      `{\n${text}\n} < /dev/null\nprintf '\\n--- %s ---\\n' ${this.#count}\n`,
    );
    while (!this.#out.includes(mark) && !this.#ended) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    assert.ok(this.#out.includes(mark), `${name} fails:\n${text}\n${this.#out}\n${this.#err}`);
    return this.#out.slice(0, this.#out.indexOf(mark));
  }
}

/**
 * Goes through blocks in order: runs those for the shell, and takes the others as what these answer. `before` makes
 * ready for a block; `other` returns true for a block that it has checked in its own way, or what came instead of the
 * last answer.
 */
export async function play(blocks, session, { before = () => {}, other = () => {} } = {}) {
  let came = "";
  for (const block of blocks) {
    if (/^sh\b/.test(block.tag)) {
      if (onlyNames(block)) {
        checkNames(block);
      } else {
        await before(block);
        came = await session.run(block.text, where(block));
        block.checked = true;
      }
      continue;
    }
    const answer = await other(block, came);
    if (answer === true) block.checked = true;
    else assertShown(block, answer ?? came);
  }
  session.assertReplaced();
}
