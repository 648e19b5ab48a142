// The whole story in a real browser: an invitation is accepted, the room is open for both, and a changed name is in both
// chats. Run by `cargo xtask test --only browsers`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const EXAMPLES = dirname(dirname(fileURLToPath(import.meta.url)));
const SERVER = process.env.CAFFIS_CHAT_BIN ?? join(EXAMPLES, "../target/debug/caffis-chat");

/** The first of three ports that are free now. */
async function freePorts() {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 20_000);
    const servers = [0, 1, 2].map((offset) => createServer().listen(first + offset, "127.0.0.1"));
    const all = await Promise.allSettled(servers.map((server) => once(server, "listening")));
    for (const server of servers) server.close();
    if (all.every(({ status }) => status === "fulfilled")) return first;
  }
}

/** Starts the demo, and waits until it says that it runs. */
async function start(port) {
  const demo = spawn(join(dirname(SERVER), "caffis-demo"), [SERVER, EXAMPLES, `${port}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  for await (const line of createInterface(demo.stdout)) {
    if (line.includes("The main app runs")) return demo;
  }
  throw new Error("the demo does not start");
}

test("an accepted invitation opens the room for both, and a changed name is in both chats", async () => {
  const port = await freePorts();
  const demo = await start(port);
  const browser = await chromium.launch({
    executablePath: process.env.CAFFIS_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"],
  });
  try {
    const arrive = async (name) => {
      const context = await browser.newContext({ locale: "en-GB" });
      const page = await context.newPage();
      const asked = [];
      context.on("request", (request) => asked.push(request.url()));
      await page.goto(`http://localhost:${port + 1}/`);
      await page.getByRole("button", { name, exact: true }).click();
      await page.getByText(`Hello, ${name}.`).waitFor();
      const opens = async (button) => {
        const [tab] = await Promise.all([context.waitForEvent("page"), button.click()]);
        await tab.waitForURL(/#\//);
        return tab;
      };
      return { page, asked, opens };
    };
    const marco = await arrive("Marco");
    const giulia = await arrive("Giulia");
    const hers = await giulia.opens(giulia.page.getByRole("button", { name: "Open the chat" }));
    const his = await marco.opens(marco.page.getByRole("button", { name: "Accept invitation" }));
    await his.getByTestId("room-title").getByText("Coffee with Giulia").waitFor();
    assert.match(his.url(), /#\/room\/[0-9a-f]{16}$/, "the token is not in the address any more");
    // It appears for her, too, without a reload.
    await hers.getByText("Coffee with Giulia").first().click();
    await hers.getByTestId("room-title").getByText("Coffee with Giulia").waitFor();
    // What she writes reaches him under her new name.
    const name = giulia.page.getByLabel("Your name");
    await name.fill("Giulia Bianchi");
    await giulia.page.getByRole("button", { name: "Save" }).click();
    await giulia.page.getByText("You are Giulia Bianchi now.").waitFor();
    await hers.getByRole("textbox").last().fill("See you there");
    await hers.keyboard.press("Enter");
    await his.getByText("See you there").first().waitFor();
    await his.getByText("Giulia Bianchi").first().waitFor();
    // Accepted once more, it is the same room.
    const again = await marco.opens(
      marco.page.getByRole("button", { name: "Open the conversation" }),
    );
    await again.getByTestId("room-title").getByText("Coffee with Giulia").waitFor();
    assert.equal(again.url(), his.url());
    // When he is not there, the chat tells the main app of what she writes.
    await his.close();
    await again.close();
    await hers.getByText("Offline").first().waitFor();
    await hers.getByRole("textbox").last().fill("Are you there?");
    await hers.keyboard.press("Enter");
    const missed = marco.page.getByText("1 message came while you were away.");
    const end = Date.now() + 20_000;
    while (!(await missed.isVisible())) {
      assert.ok(Date.now() < end, "the main app was not told");
      await marco.page.reload();
      await marco.page.getByLabel("Your name").waitFor();
    }
    for (const url of [...marco.asked, ...giulia.asked]) {
      assert.ok(!url.split("#")[0].includes("eyJ"), `a token is sent in an address: ${url}`);
    }
  } finally {
    await browser.close();
    demo.stdin.end();
    await once(demo, "exit");
  }
});
