/** The browsers of the machine. */

import { type Browser, chromium, firefox } from "playwright-core";

const CHROMIUM = {
  executablePath: process.env.CAFFIS_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Otherwise Chromium keeps a page that was not loaded from the server from connecting to it.
    ...(process.env.CAFFIS_PAGE ? ["--disable-features=LocalNetworkAccessChecks"] : []),
  ],
};

/** Options that Debian's Firefox does not take from the driver. */
export const FIREFOX_CONTEXT = {
  colorScheme: null,
  reducedMotion: null,
  forcedColors: null,
  contrast: null,
} as const;

/** A Chromium. */
export function openChromium(): Promise<Browser> {
  return chromium.launch(CHROMIUM);
}

/** A Chromium that speaks HTTP/3 with one host of this machine and nothing else, and trusts its key by its hash. */
export function openChromiumOverHttp3(
  host: string,
  port: number,
  keyHash: string,
): Promise<Browser> {
  const args = [
    `--origin-to-force-quic-on=${host}:${port}`,
    `--host-resolver-rules=MAP ${host} 127.0.0.1`,
    `--ignore-certificate-errors-spki-list=${keyHash}`,
  ];
  return chromium.launch({ ...CHROMIUM, args: [...CHROMIUM.args, ...args] });
}

/** A Chromium and a way to kill it as a crash would. */
export async function openMortalChromium(): Promise<{ browser: Browser; kill(): Promise<void> }> {
  const server = await chromium.launchServer(CHROMIUM);
  const browser = await chromium.connect(server.wsEndpoint());
  return { browser, kill: () => server.kill() };
}

/** A Firefox. */
export function openFirefox(): Promise<Browser> {
  return firefox.launch({
    channel: "moz-firefox",
    executablePath: process.env.CAFFIS_FIREFOX ?? "/usr/bin/firefox-esr",
  });
}
