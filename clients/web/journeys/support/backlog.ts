/** A long group of which the end is unread: Giulia reads it in Chromium, Marco writes at a terminal. */

import type { Browser } from "playwright-core";
import { openChromium } from "./browsers.ts";
import { Person } from "./person.ts";
import { TestServer } from "./server.ts";
import { TerminalPerson } from "./terminal.ts";

/** Messages that are written before the first of them is acknowledged. */
const AT_ONCE = 50;

/** The group, and those in it. Giulia has another conversation open. */
export class Backlog implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #chromium: Browser;
  readonly #marco: TerminalPerson;
  readonly giulia: Person;

  /** A group with so many messages that Giulia has read, and so many after them. */
  static async of(group: string, read: number, unread: number): Promise<Backlog> {
    const rates = ["messages", "commands", "address-commands"].flatMap((kind) => [
      `--${kind}-per-second`,
      "10000",
    ]);
    const [server, chromium] = await Promise.all([TestServer.start(...rates), openChromium()]);
    const context = await chromium.newContext({ locale: "en-GB" });
    const giulia = await Person.arrives(context, server.url, "giulia");
    await giulia.makesGroup(group, ["marco"]);
    const backlog = new Backlog(server, chromium, giulia);
    await backlog.#fill(group, read, unread);
    return backlog;
  }

  private constructor(server: TestServer, chromium: Browser, giulia: Person) {
    this.#server = server;
    this.#chromium = chromium;
    this.#marco = new TerminalPerson(server, "marco");
    this.giulia = giulia;
  }

  async #fill(group: string, read: number, unread: number): Promise<void> {
    const { giulia } = this;
    const room = await this.#marco.waitFor("room", (each) =>
      each.lines("room").find((line) => line[3] === group),
    );
    this.#marco.types(`/open ${room[1]}`);
    await this.writes(1, read);
    await giulia.page.locator(`[data-number="${read}"]`).waitFor();
    await giulia.badge(group, null);
    await giulia.room("Marco").click();
    await giulia.page.getByTestId("room-title").getByText("Marco").waitFor();
    await this.writes(read + 1, read + unread);
    await giulia.badge(group, unread);
  }

  /** Writes numbered messages and waits until they are acknowledged; not more at once than may wait. */
  async writes(from: number, to: number): Promise<void> {
    for (let first = from; first <= to; first += AT_ONCE) {
      const last = Math.min(to, first + AT_ONCE - 1);
      for (let i = first; i <= last; i += 1) this.#marco.types(`message ${i}`);
      await this.#marco.waitFor("acknowledgement", (each) =>
        each.lines("sent").find((line) => line[3] === `${last}`),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#marco[Symbol.dispose]();
    await this.#chromium.close();
    await this.#server[Symbol.asyncDispose]();
  }
}
