/** Somebody at a page. */

import type { BrowserContext, Locator, Page } from "playwright-core";
import { servePage } from "./page.ts";

/** How long anything may take that is not measured. */
export const PATIENCE_MS = 15_000;

/** One message as a page shows it. */
export interface Shown {
  readonly number: string;
  readonly text: string;
}

/** A person with a page of the app. */
export class Person {
  readonly page: Page;
  /** Errors of the page and requests elsewhere: it stays empty. */
  readonly problems: string[] = [];

  private constructor(page: Page, host: string) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      // WebTransport has the server's name and the UDP port.
      if (url.hostname !== host && url.protocol !== "data:")
        this.problems.push(`request to ${url}`);
    });
  }

  /** Opens a page and signs in as a person of the demo. */
  static async arrives(context: BrowserContext, url: string, user: string): Promise<Person> {
    const page = await context.newPage();
    const person = new Person(page, new URL(url).hostname);
    await servePage(page, url);
    await page.goto(url);
    await person.signsIn(user);
    return person;
  }

  /** Signs in as a person of the demo. */
  async signsIn(user: string): Promise<void> {
    await this.page.getByTestId(`user-${user}`).click();
    await this.online();
  }

  /** Signs out. */
  async signsOut(): Promise<void> {
    await this.page.getByTestId("settings").click();
    await this.page.getByTestId("sign-out").click();
    await this.page.locator("[data-testid^=user-]").first().waitFor();
  }

  /** Reloads the page, once the browser has gone back from a window that was just closed. */
  async reloads(): Promise<void> {
    await this.page.waitForFunction(() => !JSON.stringify(history.state).includes("dialog "));
    await this.page.reload();
  }

  /** Waits until the page is connected. */
  async online(): Promise<void> {
    try {
      await this.page.locator("[data-testid=connection][data-phase=online]").first().waitFor();
    } catch (error) {
      const shown = await this.page.locator("body").innerText();
      const problems = this.problems.join("\n");
      throw new Error(`never online; the page shows:\n${shown}\n${problems}`, { cause: error });
    }
  }

  /** Which transport is in use. */
  async transport(): Promise<string | null> {
    return this.page.getByTestId("connection").first().getAttribute("data-transport");
  }

  /** A conversation of the list. */
  room(title: string): Locator {
    return this.page.locator(`[data-testid=room][data-title="${title}"]`);
  }

  /** Opens a conversation of the list. */
  async open(title: string): Promise<void> {
    await this.room(title).click();
    await this.page.getByTestId("messages").waitFor({ state: "attached" });
  }

  /** Makes a group and opens it. */
  async makesGroup(name: string, users: readonly string[]): Promise<void> {
    await this.page.getByTestId("new-conversation").click();
    await this.page.getByRole("radio", { name: "Group" }).check();
    await this.page.getByTestId("group-name").fill(name);
    for (const user of users) await this.page.getByTestId(`member-${user}`).check();
    await this.page.getByTestId("create-group").click();
    // Until it is made, the conversation before it is open, and takes what is written.
    await this.page.getByTestId("room-title").getByText(name, { exact: true }).waitFor();
    await this.page.getByTestId("messages").waitFor({ state: "attached" });
  }

  /** Writes a message and sends it. */
  async says(text: string): Promise<void> {
    // Key by key: filling the field at once does not reach the page in every browser.
    await this.page.getByTestId("composer").pressSequentially(text);
    await this.page.getByTestId("composer").press("Enter");
  }

  /** A message of the conversation that is open. */
  message(number: number): Locator {
    return this.page.locator(`[data-testid=message][data-number="${number}"]`);
  }

  /** Scrolls the conversation up, as far as it is loaded. */
  async scrollsUp(): Promise<void> {
    await this.page.locator("#messages").evaluate((log) => {
      // The page tells the person's scrolling from its own by what they do.
      log.dispatchEvent(new WheelEvent("wheel", { deltaY: -log.scrollTop }));
      log.scrollTo(0, 0);
    });
  }

  /** Chooses an action in the menu of a message. */
  async chooses(number: number, action: string): Promise<void> {
    await this.message(number).click({ button: "right" });
    await this.page.getByTestId(`action-${action}`).click();
  }

  /** The messages that the page shows, in order. */
  shown(): Promise<Shown[]> {
    return this.page.getByTestId("message").evaluateAll((rows) =>
      rows.map((row) => ({
        number: row.getAttribute("data-number") ?? "",
        text: row.querySelector("[data-testid=text]")?.textContent ?? "",
      })),
    );
  }

  /**
   * Waits until so many messages are shown that the server has numbered, and gives all that were shown at that
   * moment: the list keeps only the rows near the part in view.
   */
  async sees(count: number): Promise<Shown[]> {
    const enough = (wanted: number) => {
      const rows = [...document.querySelectorAll("[data-testid=message]")];
      const shown = rows.map((row) => ({
        number: row.getAttribute("data-number") ?? "",
        text: row.querySelector("[data-testid=text]")?.textContent ?? "",
      }));
      return shown.filter(({ number }) => number !== "").length >= wanted && shown;
    };
    try {
      const found = await this.page.waitForFunction(enough, count);
      return (await found.jsonValue()) || [];
    } catch (error) {
      const shown = JSON.stringify(await this.shown(), null, 1);
      throw new Error(`${count} messages never came; shown are ${shown}`, { cause: error });
    }
  }

  /** The badge of a conversation in the list, once it says this; null for no badge. */
  async badge(title: string, count: number | null): Promise<void> {
    const badge = this.room(title).getByTestId("unread");
    if (count === null) await badge.waitFor({ state: "detached" });
    else await badge.getByText(String(count), { exact: true }).waitFor();
  }

  /** Opens the details of the conversation, with its members, unless they are open. */
  async showsDetails(): Promise<void> {
    const button = this.page.getByTestId("details");
    if ((await button.getAttribute("aria-expanded")) !== "true") await button.click();
    await this.page.getByTestId("members").waitFor();
  }

  /** Waits until a member is shown as there or not there. */
  async seesPresence(user: string, there: boolean, timeout = PATIENCE_MS): Promise<void> {
    const dot = this.page.locator(
      `[data-testid=members] [data-user="${user}"] [data-availability]`,
    );
    await dot
      .and(this.page.locator(`[data-availability${there ? '="online"' : '="offline"'}]`))
      .waitFor({ timeout });
  }
}
