/** WebKitGTK on a screen of its own, driven by plain WebDriver requests. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { PATIENCE_MS } from "./person.ts";
import { freePort } from "./server.ts";

/** WebDriver's name of an element in JSON. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
/** WebDriver's Enter key. */
const ENTER = "\uE007";
const POLL_MS = 50;

/** A window of WebKitGTK's MiniBrowser. */
export class WebKit implements AsyncDisposable {
  readonly #screen: ChildProcess;
  readonly #driver: ChildProcess;
  readonly #url: string;
  #session = "";

  private constructor(screen: ChildProcess, driver: ChildProcess, url: string) {
    this.#screen = screen;
    this.#driver = driver;
    this.#url = url;
  }

  /** Starts a screen, the driver and the browser. */
  static async open(): Promise<WebKit> {
    const size = ["-screen", "0", "1280x800x24"];
    // The server chooses a free display and writes its number to the fourth descriptor.
    const screen = spawn("Xvfb", ["-displayfd", "3", ...size, "-nolisten", "tcp"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const display = await firstLine(screen);
    const port = await freePort();
    const driver = spawn("WebKitWebDriver", ["--host=127.0.0.1", `--port=${port}`], {
      stdio: "ignore",
      env: {
        ...process.env,
        DISPLAY: `:${display}`,
        // The machine may have no graphics card.
        LIBGL_ALWAYS_SOFTWARE: "1",
        WEBKIT_DISABLE_COMPOSITING_MODE: "1",
      },
    });
    const browser = new WebKit(screen, driver, `http://127.0.0.1:${port}`);
    try {
      await until("a driver", () => browser.#ask("GET", "/status").catch(() => null));
      const { sessionId } = await browser.#ask<{ sessionId: string }>("POST", "/session", {
        capabilities: {},
      });
      browser.#session = `/session/${sessionId}`;
      return browser;
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens a page. */
  async goTo(url: string): Promise<void> {
    await this.#ask("POST", `${this.#session}/url`, { url });
  }

  /** Clicks on what a selector finds. */
  async click(selector: string): Promise<void> {
    const element = await this.#find(selector);
    await this.#ask("POST", `${this.#session}/element/${element}/click`, {});
  }

  /** Types a line into what a selector finds. */
  async types(selector: string, line: string): Promise<void> {
    const element = await this.#find(selector);
    await this.#ask("POST", `${this.#session}/element/${element}/value`, { text: line + ENTER });
  }

  /** The value of an expression in the page, once it is something. */
  waitFor<T>(what: string, expression: string): Promise<T> {
    const body = { script: `return ${expression}`, args: [] };
    return until(what, () => this.#ask<T | null>("POST", `${this.#session}/execute/sync`, body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session) await this.#ask("DELETE", this.#session).catch(() => null);
    this.#driver.kill();
    this.#screen.kill();
  }

  async #find(selector: string): Promise<string> {
    const body = { using: "css selector", value: selector };
    const found = await until(selector, () =>
      this.#ask<Record<string, string>>("POST", `${this.#session}/element`, body).catch(() => null),
    );
    return found[ELEMENT] ?? "";
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const { value }: { value: T } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  }
}

/** The first line that a program writes to its fourth descriptor. */
function firstLine(program: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    program.once("error", reject);
    program.once("exit", (code) => reject(new Error(`${program.spawnfile} ended with ${code}`)));
    createInterface({ input: program.stdio[3] as Readable }).once("line", resolve);
  });
}

/** Asks until there is an answer. */
async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`no ${what} in time`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
