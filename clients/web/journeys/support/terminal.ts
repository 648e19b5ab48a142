/** Somebody at a terminal: the Rust client over QUIC. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PATIENCE_MS } from "./person.ts";
import { program, type TestServer } from "./server.ts";

/** A line of the client: a word and its fields. */
type Line = readonly string[];

/** A person with the terminal client. */
export class TerminalPerson implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();

  /** Connects over QUIC. */
  constructor(server: TestServer, user: string) {
    const flags = ["--plain", "--user", user, "--transport", "quic"];
    const at = `127.0.0.1:${server.port}`;
    this.#child = spawn(program(), ["chat", ...flags, "--server", at], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!this.#child.stdout) throw new Error("the client has no output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#lines.push(line.split("\t"));
      for (const check of [...this.#waiting]) check();
    });
  }

  /** Types a line. */
  types(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The lines that begin with this word. */
  lines(word: string): Line[] {
    return this.#lines.filter((line) => line[0] === word);
  }

  /** Waits until `find` gives something, and returns it. */
  waitFor<T>(what: string, find: (person: this) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find(this);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`no ${what} in time; the terminal shows:\n${this.#lines.join("\n")}`));
      }, PATIENCE_MS);
      this.#waiting.add(check);
      check();
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
