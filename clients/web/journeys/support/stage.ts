/** Where a journey takes place: a server and a Chromium, and pages for those who come. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { openChromium } from "./browsers.ts";
import { Person } from "./person.ts";
import { TestServer } from "./server.ts";

/** How a phone's browser is. */
export const PHONE = {
  viewport: { width: 390, height: 800 },
  hasTouch: true,
  isMobile: true,
} as const;

/** How somebody comes: the context of their browser, and whether UDP gets through. */
export interface Coming extends BrowserContextOptions {
  readonly udp?: boolean;
}

/** A server and a browser of one journey; both end with it. */
export class Stage implements AsyncDisposable {
  readonly server: TestServer;
  readonly #chromium: Browser;

  private constructor(server: TestServer, chromium: Browser) {
    this.server = server;
    this.#chromium = chromium;
  }

  /** Starts both. */
  static async opens(): Promise<Stage> {
    return new Stage(...(await Promise.all([TestServer.start(), openChromium()])));
  }

  /** Somebody comes, with a browser context of their own: in English unless they say otherwise. */
  async arrives(user: string, { udp = true, ...context }: Coming = {}): Promise<Person> {
    const url = udp ? this.server.url : this.server.urlWithoutUdp;
    const own = await this.#chromium.newContext({ locale: "en-GB", ...context });
    return Person.arrives(own, url, user);
  }

  /** A group that giulia, whose device knows where it is, and marco, on a phone in Italian, have open. */
  async gathers(group: string): Promise<[giulia: Person, marco: Person]> {
    const [giulia, marco] = await Promise.all([
      this.arrives("giulia", {
        geolocation: { latitude: 45.4642, longitude: 9.19, accuracy: 12 },
        permissions: ["geolocation"],
      }),
      this.arrives("marco", { locale: "it-IT", ...PHONE }),
    ]);
    await giulia.makesGroup(group, ["marco"]);
    await marco.open(group);
    return [giulia, marco];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chromium.close();
    await this.server[Symbol.asyncDispose]();
  }
}
