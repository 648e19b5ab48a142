// Commands that no test can run, because they build, test or measure the project itself: what they name has to exist.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, read, where } from "./blocks.mjs";

/** What cannot be run here, with what checks it instead. */
const CHECKS = { cargo, go };
/** The options of Rust's test programs that the documents use. */
const TEST_PROGRAM = ["--ignored", "--nocapture", "--test-threads"];

/** The commands of a block, as lists of words. */
function commandsOf(text) {
  const commands = [];
  for (const line of text.replaceAll("\\\n", " ").split("\n")) {
    let words = [];
    const tokens = line.matchAll(/\s+|#.*|&&|;|'([^']*)'|"([^"]*)"|\$\([^)]*\)|[^\s'"#;&$]+|./g);
    let word = null;
    for (const [token, single, double] of tokens) {
      if (/^\s|^#|^&&$|^;$/.test(token)) {
        if (word !== null) words.push(word);
        word = null;
        if (/^&&$|^;$/.test(token)) {
          commands.push(words);
          words = [];
        }
        continue;
      }
      word = (word ?? "") + (single ?? double ?? token);
    }
    if (word !== null) words.push(word);
    commands.push(words);
  }
  return commands.filter((words) => words.length > 0);
}

/** Whether a block has only such commands. */
export function onlyNames({ text }) {
  return commandsOf(text).every(([program]) => program in CHECKS);
}

/** Fails unless the commands of a block name what there is. */
export function checkNames(block) {
  const commands = commandsOf(block.text);
  assert.ok(commands.length > 0, `${where(block)} has no command`);
  for (const [program, ...words] of commands) {
    const command = [program, ...words].join(" ");
    assert.ok(program in CHECKS, `${where(block)}: nothing runs or checks \`${command}\``);
    CHECKS[program](words, (good, why) =>
      assert.ok(good, `${where(block)}: \`${command}\`: ${why}`),
    );
  }
  block.checked = true;
}

/** The options of a program, from its arguments in Rust: their names, and whether a value follows. */
function optionsOf(source) {
  const fields = source.matchAll(/#\[arg\(long[^\]]*\)\]\s+(\w+): ([^,\n]+),/g);
  return new Map([...fields].map(([, name, type]) => [name.replaceAll("_", "-"), type !== "bool"]));
}

/** The options of a command of xtask, from its help. */
function helpOf(name) {
  const help = /HELP: &str = "\\\n([^"]*)"/.exec(read("xtask/src/options.rs"))[1];
  const sections = help.split(/\n(?=cargo)/);
  return sections.find((section) => new RegExp(`^cargo xtask ${name}\\b`).test(section));
}

/** Where the arguments of a command go that xtask only passes on. */
const PASSED_ON = {
  bench: "clients/bench/src/main.rs",
  sim: "server/sim/src/main.rs",
  model: "server/model/src/main.rs",
};

/** Values of options that have to be the name of something. */
const VALUES = {
  "bench --only": (name) =>
    read("clients/bench/src/scenarios/mod.rs").includes(`Scenario::new("${name}`),
  "bench --variant": (name) => {
    const folder = "docs/benchmarks";
    const figures = readdirSync(join(PROJECT, folder)).map((file) => read(`${folder}/${file}`));
    return figures.some((text) => text.includes(`"variant": "${name}`));
  },
  "bench --json": (path) => existsSync(join(PROJECT, path, "..")),
  "model --model": (name) => existsSync(join(PROJECT, `server/model/src/${name}.rs`)),
};

function cargo(words, check) {
  if (words[0] === "xtask") xtask(words.slice(1), check);
  else if (words[0] === "test") cargoTest(words.slice(1), check);
  else check(false, "it is neither `cargo xtask` nor `cargo test`");
}

function xtask([name, ...words], check) {
  const help = helpOf(name);
  check(help, "there is no such command");
  const passedOn = PASSED_ON[name] && optionsOf(read(PASSED_ON[name]));
  const options = words.values();
  for (const word of options) {
    const option = /^--([a-z-]+)$/.exec(word)?.[1];
    check(option, `${word} is not an option`);
    if (!passedOn) {
      const shown = new RegExp(`--${option}( [A-Z]+)?`).exec(help);
      check(shown, `it has no ${word}`);
      if (shown[1]) check(options.next().value, `${word} wants a value`);
      continue;
    }
    check(passedOn.has(option), `it has no ${word}`);
    if (!passedOn.get(option)) continue;
    const value = options.next().value;
    check(value && !value.startsWith("--"), `${word} wants a value`);
    const known = VALUES[`${name} ${word}`];
    if (known) check(known(value), `there is no ${value}`);
  }
}

/** The folders of the workspace's crates, by name. */
function crates(folder = PROJECT, found = new Map()) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !/^(\.|target$|node_modules$)/.test(entry.name)) {
      crates(path, found);
    } else if (entry.name === "Cargo.toml") {
      const manifest = readFileSync(path, "utf8");
      const name = /^\[package\]\nname = "([^"]+)"/m.exec(manifest)?.[1];
      if (name) found.set(name, folder);
    }
  }
  return found;
}

function cargoTest(words, check) {
  const all = crates();
  const split = words.includes("--") ? words.indexOf("--") : words.length;
  const options = words.slice(0, split).values();
  let [folders, target, filter] = [[...all.values()], null, null];
  for (const word of options) {
    if (word === "-p" || word === "--package") {
      const name = options.next().value;
      check(all.has(name), `there is no crate ${name}`);
      folders = [all.get(name)];
    } else if (word === "--test") target = options.next().value;
    else if (!["--workspace", "--release"].includes(word)) {
      check(!word.startsWith("-"), `nothing checks ${word}`);
      filter = word;
    }
  }
  const paths = [`tests/${target}.rs`, `tests/${target}/main.rs`, `${target}.rs`];
  const files = folders
    .flatMap((folder) => paths.map((path) => join(folder, path)))
    .filter((path) => existsSync(path));
  check(files.length > 0, `there is no test ${target}`);
  const named = new RegExp(`fn ${filter ?? "\\w+"}\\(`);
  check(
    files.some((file) => named.test(readFileSync(file, "utf8"))),
    `no test is called ${filter}`,
  );
  for (const word of words.slice(split + 1)) {
    check(TEST_PROGRAM.includes(word) || /^\d+$/.test(word), `test programs have no ${word}`);
  }
}

/** The example in Go, which `server/tests/kits` builds and runs where there is Go. */
function go(words, check) {
  const [run, change, folder, package_, command, ...rest] = words;
  check(run === "run" && change === "-C" && package_ === ".", "it is not `go run -C FOLDER .`");
  const path = join("examples", folder);
  check(existsSync(join(PROJECT, path, "go.mod")), `there is no ${path}/go.mod`);
  check(read(`${path}/main.go`).includes(`case "${command}":`), `it has no command ${command}`);
  // The command takes one argument; the event comes from a file.
  check(rest.length === 1 || (rest.length === 3 && rest[1] === "<"), "it takes one argument");
}
