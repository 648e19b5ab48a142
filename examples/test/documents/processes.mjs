// Processes of the tests: none outlives its test, and none its time.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { EXAMPLES } from "./blocks.mjs";

/** The server's program. */
export const SERVER = process.env.CAFFIS_CHAT_BIN ?? join(EXAMPLES, "../target/debug/caffis-chat");
/** The longest that anything runs, in seconds. */
const LIMIT = 120;
/** How long a process that was told to end may take, in milliseconds. */
const GRACE = 5_000;
/** The wait between two looks, in milliseconds. */
const STEP = 20;

/** What still runs, with the signal that ends it. */
const running = new Map();
/** What else has to be closed. */
const closers = [];

/** The path of a program, whatever the environment of its process is. */
export function pathOf(name) {
  const paths = process.env.PATH.split(delimiter).map((folder) => join(folder, name));
  const found = paths.find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not installed`);
  return found;
}

/** The environment of a process: nothing of whoever runs the tests but where programs are. */
export function clean(more = {}) {
  return { PATH: process.env.PATH, LANG: "C.UTF-8", ...more };
}

/** Starts a program in a group of its own. `timeout` ends it also when the test was killed. */
export function begin(program, args, { ending = "SIGTERM", ...options }) {
  const limited = ["--foreground", `--kill-after=${GRACE / 1_000}`, `${LIMIT}`, program, ...args];
  const child = spawn(pathOf("timeout"), limited, { detached: true, ...options });
  running.set(child.pid, ending);
  return child;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Whether nobody of a group is there after a while. */
async function gone(group) {
  for (let waited = 0; waited < GRACE; waited += STEP) {
    if (!signal(-group, 0)) return true;
    await wait(STEP);
  }
  return false;
}

/** Ends a process, and then all that it has started and left. */
export async function end({ pid }) {
  // Only once: a second signal has another meaning to the server.
  signal(pid, running.get(pid));
  if (!(await gone(pid))) {
    signal(-pid, "SIGKILL");
    await gone(pid);
  }
  running.delete(pid);
}

/** Closes something at the end of a test. */
export function closeLater(close) {
  closers.push(close);
}

/** Ends everything that still runs. */
export async function endAll() {
  await Promise.all([...running.keys()].map((pid) => end({ pid })));
  for (const close of closers.splice(0)) close();
}

/** Runs a program to its end: its exit code and what it said. */
export async function run(program, args, options = {}) {
  const { input = "", ...others } = options;
  const child = begin(program, args, { env: clean(), ...others });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data) => {
    said.out += data;
  });
  child.stderr.on("data", (data) => {
    said.err += data;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  await end(child);
  return { code, ...said };
}

/** Starts a server that gives its addresses: `url`, and `ports` of TCP and UDP. */
export async function serve(folder, args, env = {}) {
  const path = join(folder, "server.log");
  const log = openSync(path, "a");
  const child = begin(SERVER, ["serve", ...args], {
    cwd: folder,
    env: clean(env),
    stdio: ["ignore", "pipe", log],
  });
  for await (const line of createInterface(child.stdout)) {
    const { url, tcp, udp } = JSON.parse(line);
    const [port, quic] = [tcp, udp].map(([address]) => Number(address.split(":").at(-1)));
    return { child, url, port, quic };
  }
  throw new Error(`the server does not start:\n${readFileSync(path, "utf8")}`);
}

/** A port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Asks again and again until the answer is good. What takes too long ends with its process. */
export async function until(what, ask) {
  for (let waited = 0; waited < LIMIT * 1_000; waited += STEP) {
    const answer = await ask();
    if (answer) return answer;
    await wait(STEP);
  }
  throw new Error(`${what} does not come`);
}
