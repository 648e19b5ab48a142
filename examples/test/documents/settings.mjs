// Settings: the server reads what the documents show, and starts with it where it needs nothing else.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { get as getOverTls } from "node:https";
import { join } from "node:path";
import { read, where } from "./blocks.mjs";
import { clean, end, freePort, run, SERVER, serve } from "./processes.mjs";

/** Settings with which the server is not started here, and what starts it with them. */
const NOT_STARTED = {
  acme_domains: "wants an authority: server/tests/edge/acme has one",
  bus: "wants CQL servers and Redis: server/tests/several has them",
};

/** The settings of a block, as written. */
function settingsOf(text) {
  return new Map(
    [...text.matchAll(/^(\w+) = (.*?)\s*(?:#.*)?$/gm)].map(([, key, value]) => [key, value]),
  );
}

/** What `caffis-chat config` says of each setting: its value, or that it is hidden. */
function valuesOf(said) {
  const parts = said.matchAll(/^(\w+) {2}\(--[\s\S]*?\n {4}default: (.*?)(?:; now (.*))?$/gm);
  return new Map([...parts].map(([, key, standard, now]) => [key, now ?? standard]));
}

/** A value as a command line has it: what is written here is JSON, too. */
function plain(value) {
  return [JSON.parse(value)].flat().join(",");
}

/** A certificate that the server takes, in a folder. */
export async function certificate(folder, names) {
  const subject = names.map((name) => `DNS:${name}`).join(",");
  const made = await run(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"].concat(
      ["-keyout", "key.pem", "-out", "chain.pem", "-days", "30", "-subj", `/CN=${names[0]}`],
      ["-addext", `subjectAltName=${subject}`],
    ),
    { cwd: folder },
  );
  assert.equal(made.code, 0, made.err);
}

/** Checks the settings of a document. */
export async function toml(blocks, folder) {
  await certificate(folder, ["chat.example.org", "api.example.org", "localhost"]);
  for (const block of blocks) {
    const own = mkdtempSync(join(folder, "settings-"));
    const file = join(own, "caffis.toml");
    writeFileSync(file, block.text);
    const settings = settingsOf(block.text);
    const said = await run(SERVER, ["config", "--config", file]);
    assert.equal(said.code, 0, `${where(block)}: ${said.err}`);
    const values = valuesOf(said.out);
    assert.ok(settings.size > 0, `${where(block)} sets nothing`);
    for (const [key, value] of settings) {
      // A single address is a network, too.
      const forms = [plain(value), `${plain(value)}/32`, "(hidden)"];
      const known = forms.includes(values.get(key));
      assert.ok(known, `${where(block)}: ${key} is ${values.get(key)}, not ${value}`);
    }
    if (!Object.keys(NOT_STARTED).some((key) => settings.has(key))) {
      await started(block, settings, own, file, folder);
    }
    block.checked = true;
  }
}

/** The server starts with the settings of a block, only on other ports. */
async function started(block, settings, own, file, folder) {
  const metrics = await freePort();
  const args = ["--config", file, "--data", join(own, "data")];
  for (const flag of ["--listen", "--listen-quic"]) args.push(flag, "127.0.0.1:0");
  if (settings.has("metrics_listen")) args.push("--metrics-listen", `127.0.0.1:${metrics}`);
  if (settings.has("hosts") || settings.has("tls_certificate")) {
    for (const [flag, name] of [
      ["--tls-certificate", "chain.pem"],
      ["--tls-key", "key.pem"],
    ]) {
      args.push(flag, join(folder, name));
    }
  } else {
    args.push("--dev");
  }
  // The keys of the application are not there yet: the server asks again.
  if (settings.has("token_jwks")) args.push("--token-jwks", "https://127.0.0.1:9/jwks.json");
  const env = { CAFFIS_TOKEN_SECRET: "a secret of at least thirty-two bytes" };
  const server = await serve(own, args, env);
  if (settings.has("metrics_listen")) {
    const page = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    assert.match(await page.text(), /^caffis_build_info/m);
  }
  if (settings.has("http3_hosts")) await announced(block, settings, server);
  await end(server.child);
}

/** What the text says of HTTP/3: answers to that name lead to UDP. */
async function announced(block, settings, { port, quic }) {
  const host = plain(settings.get("http3_hosts"));
  const shown = /`Alt-Svc: ([^`]*)`/.exec(read(block.document))[1];
  const options = { host: "127.0.0.1", port, servername: host, rejectUnauthorized: false };
  const headers = await new Promise((resolve, reject) => {
    const asked = { ...options, path: "/healthz", headers: { host }, agent: false };
    const request = getOverTls(asked, (answer) => {
      answer.resume();
      resolve(answer.headers);
    });
    request.on("error", reject);
  });
  assert.equal(headers["alt-svc"], shown.replace("443", `${quic}`), where(block));
}

/** Directives of nginx that may stand in a location, with what their values look like. */
const NGINX = {
  proxy_pass: /^http:\/\/[a-z_.:0-9]+$/,
  proxy_http_version: /^1\.[01]$/,
  proxy_set_header: /^[A-Za-z-]+ (""|\$\w+)$/,
  proxy_buffering: /^(on|off)$/,
  proxy_read_timeout: /^\d+s$/,
  client_max_body_size: /^\d+[km]$/,
  gzip: /^(on|off)$/,
};

/**
 * Checks locations of nginx against the protocol, and has nginx itself check them where it is installed: each
 * directive is known and ends, the path is the server's, and bodies and silence may be as large and as long as they get.
 */
export async function nginx(blocks, folder) {
  const { url, child } = await serve(folder, ["--dev", "--listen", "127.0.0.1:0"]);
  const { events } = await (await fetch(`${url}/api/chat/connect`)).json();
  await end(child);
  const bytes = /A POST has at most \d+ lines and ([\d,]+) bytes/.exec(read("docs/protocol.md"))[1];
  const silence = /After (\d+) s without an event/.exec(read("docs/protocol.md"))[1];
  for (const block of blocks) {
    const text = block.text.replace(/#.*$/gm, "").trim();
    const [, path, body] = /^location (\S+) \{([^{}]*)\}$/.exec(text) ?? [];
    assert.equal(path, events.path, where(block));
    const directives = body.split(";").map((directive) => directive.trim());
    assert.equal(directives.pop(), "", `${where(block)}: the last directive does not end`);
    const found = new Map(
      directives.map((directive) => /^(\w+) ([\s\S]*)$/.exec(directive).slice(1)),
    );
    for (const [name, value] of found) {
      assert.match(value, NGINX[name] ?? /(?!)/, `${where(block)}: ${name} ${value}`);
    }
    const unit = { k: 1024, m: 1024 * 1024 };
    const [, size, letter] = /^(\d+)(.)$/.exec(found.get("client_max_body_size"));
    assert.ok(size * unit[letter] >= Number(bytes.replaceAll(",", "")), where(block));
    assert.ok(Number.parseInt(found.get("proxy_read_timeout"), 10) > silence, where(block));
    assert.equal(found.get("proxy_buffering"), "off", where(block));
    await byItself(block, folder);
    block.checked = true;
  }
}

/** What nginx says of it. */
async function byItself(block, folder) {
  const upstream = "upstream chat { server 127.0.0.1:9; }";
  const whole = `events {} pid nginx.pid; http { ${upstream} server { listen 127.0.0.1:9; ${block.text} } }`;
  writeFileSync(join(folder, "nginx.conf"), whole);
  const { code, err } = await run("nginx", ["-t", "-p", folder, "-c", "nginx.conf"], {
    env: clean({ PATH: `${process.env.PATH}:/usr/sbin` }),
  });
  // 127: it is not installed.
  assert.ok(code === 0 || code === 127, `${where(block)}: ${err}`);
}
