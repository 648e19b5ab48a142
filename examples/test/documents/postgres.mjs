// A PostgreSQL with a table of users, as a main application has it.

import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EXAMPLES } from "./blocks.mjs";
import { begin, clean, freePort, run, until } from "./processes.mjs";

const pg = createRequire(join(EXAMPLES, "package.json"))("pg");
/** Where Debian puts the programs of each version. */
const DEBIAN = "/usr/lib/postgresql";

function program(name) {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const paths = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, "bin", name));
  const found = paths.find((path) => existsSync(path));
  assert.ok(found, "PostgreSQL is not installed: run `cargo xtask setup`");
  return found;
}

/** The user and group that it runs as where the tests run as root, which it refuses. */
function otherUser() {
  if (process.getuid() !== 0) return null;
  const users = readFileSync("/etc/passwd", "utf8");
  const [, user, group] = /^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m.exec(users);
  return { user: Number(user), group: Number(group) };
}

/** Starts one in a folder, and gives what makes the address for a role, whose password is its name. */
export async function postgres(folder) {
  const data = join(folder, "postgres");
  mkdirSync(data);
  const other = otherUser();
  let before = [];
  if (other) {
    chmodSync(folder, 0o755);
    chownSync(data, other.user, other.group);
    const ids = [`--reuid=${other.user}`, `--regid=${other.group}`];
    before = ["setpriv", ...ids, "--clear-groups", "--"];
  }
  const words = (name, args) => [...before, program(name), ...args];
  const [initdb, ...args] = words("initdb", ["-U", "app", "-A", "trust", "--no-sync", "-D", data]);
  const made = await run(initdb, [...args, "--locale=C.UTF-8"], { cwd: folder });
  assert.equal(made.code, 0, made.err);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const options = settings.flatMap((setting) => ["-c", setting]);
  const [server, ...rest] = words("postgres", ["-D", data, "-p", `${port}`, ...options]);
  // Ended like this, it gives back its shared memory.
  begin(server, rest, {
    cwd: folder,
    env: clean(),
    stdio: "ignore",
    ending: "SIGQUIT",
  });
  const url = (role, database = "app") =>
    `postgresql://${role}:${role}@127.0.0.1:${port}/${database}`;
  const order = async (database, statement) => {
    const client = new pg.Client({ connectionString: url("app", database) });
    // The server is not there yet, or it ends.
    client.on("error", () => {});
    await client.connect();
    await client.query(statement).finally(() => client.end());
    return true;
  };
  await until("PostgreSQL", () => order("postgres", "CREATE DATABASE app").catch(() => false));
  await order("app", "CREATE TABLE users (id text PRIMARY KEY, name text, avatar_url text)");
  await order(
    "app",
    "INSERT INTO users VALUES ('giulia', 'Giulia', NULL), ('marco', 'Marco', NULL)",
  );
  return url;
}
