// Real Chromium for whoever signs in and consents: each person has a browser of their own, without cookies.
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// Runs `walk` with a new person's page, and closes it.
export async function somebody(walk) {
  const context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  try {
    return await walk(await context.newPage());
  } finally {
    await context.close();
  }
}

export const goHome = () => browser.close();
