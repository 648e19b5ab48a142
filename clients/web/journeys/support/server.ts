/** A real server: its own process, ports and folder. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** How long a server may take to answer. */
const START_MS = 20_000;
const POLL_MS = 25;

/** The server's program: named by the environment, or where cargo puts it. */
export function program(): string {
  const repository = resolve(import.meta.dirname, "../../../..");
  const target = process.env.CARGO_TARGET_DIR ?? join(repository, "target");
  const path = process.env.CAFFIS_CHAT_BIN ?? join(target, "debug/caffis-chat");
  if (!existsSync(path)) throw new Error(`there is no ${path}: cargo build -p caffis-chat`);
  return path;
}

/** A server that can be killed and started again at the same place. */
export class TestServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #log = "";
  /** Takes what is sent to the UDP port of `::1` and never answers: there UDP is blocked. */
  #mute: Socket | undefined;

  private constructor(port: number, folder: string, flags: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#flags = flags;
  }

  /** Starts a server in an empty folder. */
  static async start(...flags: string[]): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "caffis-journey-"));
    const server = new TestServer(await freePort(), folder, flags);
    const mute = createSocket({ type: "udp6", ipv6Only: true });
    await new Promise<void>((done, failed) => {
      mute.once("error", failed).bind(server.port, "::1", done);
    });
    server.#mute = mute;
    try {
      await server.run();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where pages come from; WebTransport gets through. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The same, from where UDP is swallowed. */
  get urlWithoutUdp(): string {
    return `http://[::1]:${this.port}`;
  }

  /** Starts the process, again if it was killed. */
  async run(): Promise<void> {
    const listen = [`127.0.0.1:${this.port}`, `[::1]:${this.port}`].join(",");
    const quic = `127.0.0.1:${this.port}`;
    const flags = ["--data", this.#folder, "--listen", listen, "--listen-quic", quic];
    const child = spawn(program(), ["serve", "--dev", ...flags, ...this.#flags], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    const collect = (piece: Buffer) => {
      this.#log = (this.#log + piece.toString()).slice(-20_000);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    const until = Date.now() + START_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || Date.now() > until) {
        throw new Error(`the server did not start:\n${this.#log}`);
      }
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  /** A new key of a service with these scopes, separated by commas. */
  async key(scopes: string): Promise<string> {
    const create = ["keys", "create", "--name", scopes.replaceAll(",", "-"), "--scope", scopes];
    const { stdout } = await promisify(execFile)(program(), [...create, "--data", this.#folder]);
    return stdout.trim();
  }

  /** The hash of the public key in the certificate that the server has made for itself, in base64. */
  async keyHash(): Promise<string> {
    const file = await readFile(join(this.#folder, "certificate/development.pem"), "utf8");
    const begin = file.indexOf("-----BEGIN CERTIFICATE-----");
    const { publicKey } = new X509Certificate(file.slice(begin));
    const bytes = publicKey.export({ type: "spki", format: "der" });
    return createHash("sha256").update(bytes).digest("base64");
  }

  /** Asks the REST API as a service with one scope. */
  async asks<T>(scope: string, path: string): Promise<T> {
    const headers = { authorization: `Bearer ${await this.key(scope)}` };
    const response = await fetch(`${this.url}${path}`, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#mute?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1_000) });
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** A port that nobody uses. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
