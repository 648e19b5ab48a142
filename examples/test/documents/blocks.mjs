// The fenced blocks of the documents, and whether what they show is what came.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole project. */
export const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
/** The folder of the examples. */
export const EXAMPLES = join(PROJECT, "examples");
/** Folders with documents of others, and what is built. */
const NOT_OURS = new Set(["node_modules", "vendor", "target", "dist"]);

/** The text of a file of the project. */
export function read(path) {
  return readFileSync(join(PROJECT, path), "utf8");
}

/** The paths of all documents, in order. */
export function documents(folder = PROJECT) {
  const found = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const ours = !NOT_OURS.has(entry.name) && !entry.name.startsWith(".");
      return ours ? documents(path) : [];
    }
    return entry.isFile() && /\.(md|mdx|markdown)$/i.test(entry.name)
      ? [relative(PROJECT, path)]
      : [];
  });
  return found.sort();
}

/** The blocks of a document: `tag` is what stands behind the fence, `line` where it is. */
export function blocksOf(document, text = read(document)) {
  const blocks = [];
  let open = null;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^[\s>]*(`{3,}|~{3,})(.*)$/.exec(line);
    if (open && fence?.[1].startsWith(open.fence) && !fence[2].trim()) {
      blocks.push(open.block);
      open = null;
    } else if (open) {
      open.block.text += `${line}\n`;
    } else if (fence) {
      const block = { document, line: index + 1, tag: fence[2].trim(), text: "", checked: false };
      open = { fence: fence[1], block };
    }
  }
  assert.ok(!open, `${document}:${open?.block.line}: the block does not end`);
  return blocks;
}

/** Where a block is, for messages. */
export function where({ document, line, tag }) {
  return `${document}:${line} (${tag || "no language"})`;
}

/** Values that differ from run to run: where one is shown, any other of its kind may come. */
const VARYING = [/^[0-9a-f]{16}$/, /^[0-9a-f]{32}$/, /^[A-Za-z0-9+/]{43}=$/];

function sameText(shown, got) {
  const pieces = shown.split("…");
  if (pieces.length > 1) return typeof got === "string" && pattern(shown).test(got);
  return shown === got || VARYING.some((kind) => kind.test(shown) && kind.test(got));
}

/** Whether a JSON value is what is shown. `…` stands for any text, and a time for any other. */
export function sameValue(shown, got) {
  if (typeof shown === "string") return sameText(shown, got);
  if (typeof shown === "number") return shown === got || (shown > 1e12 && got > 1e12);
  if (shown === null || typeof shown !== "object") return shown === got;
  if (got === null || typeof got !== "object" || Array.isArray(shown) !== Array.isArray(got)) {
    return false;
  }
  const [wanted, come] = [Object.keys(shown), Object.keys(got)];
  return (
    wanted.length === come.length &&
    wanted.every((key) => key in got && sameValue(shown[key], got[key]))
  );
}

/** What is shown as a pattern: `…` is anything, ids and times are any, and spaces do not matter. */
function pattern(shown) {
  const source = shown
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/[0-9a-f]{16}/g, "[0-9a-f]{16}")
    .replace(/\b1[0-9]{12}\b/g, "1[0-9]{12}")
    .replace(/\s+/g, "\\s*")
    .replaceAll("…", "[\\s\\S]*?");
  return new RegExp(`^${source}$`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Fails unless what came is what the block shows. */
export function assertShown(block, came) {
  const [shown, got] = [parsed(block.text), parsed(came)];
  const same =
    shown !== undefined && got !== undefined
      ? sameValue(shown, got)
      : pattern(block.text).test(came.trim());
  assert.ok(same, `${where(block)} shows\n${block.text}\nand what came is\n${came}`);
  block.checked = true;
}
