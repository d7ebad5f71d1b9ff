// A person with Chromium: consents, refuses, types in a key, comes too late. Every page seen is held against axe-core,
// has to fit a phone, and must not make the browser complain (its content security policy included).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { ask, control, gateway } from "./place.mjs";

const { BROWSER, LIGHTHOUSE_PORT, HASTY_CONTROL, HASTY_KEY } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// An API that knows one key and one coast, and a page to come back to.
const lighthouse = createServer((request, response) => {
  if (request.url.startsWith("/back")) return response.end("<!doctype html><html lang=en><title>Back</title><p>Welcome back");
  const known = request.url === "/north/me" && request.headers["x-api-key"] === "light-on";
  response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
  response.end(JSON.stringify(known ? { id: "7", keeper: "Grace" } : { error: "wrong key" }));
});
await new Promise((resolve) => lighthouse.listen(LIGHTHOUSE_PORT, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// A browser of somebody's own: no cookies yet.
async function somebody(options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

// Holds the page as it stands against the rules; `quiet: false` where the status alone makes the browser complain.
async function look(page, title, { quiet = true } = {}) {
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(bad.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `axe at ${page.url()}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${page.url()} is ${wide} pixels too wide for a phone`);
  assert.match(await page.title(), /\S/);
  if (quiet) assert.deepEqual(page.complaints, [], page.url());
  page.complaints.length = 0;
}

async function created(body) {
  const answer = await ask("POST", "/connections", { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const state = async (id) => (await ask("GET", `/connections/${id}`)).body.connection;

const walks = {
  async "consents, and the call goes through"() {
    const { connection_id: id, url } = await created({ app: "harbor", name: "tea room" });
    const page = await somebody();
    await page.goto(url);
    await look(page, "Connect Harbor");
    await page.getByText("See what is on your shelf").waitFor();
    await page.getByText("tea room").waitFor();
    // By keyboard alone: the button is reached with Tab and pressed with Enter.
    const go = page.getByRole("button", { name: /Continue to/ });
    for (let presses = 0; !(await go.evaluate((button) => button === document.activeElement)); presses += 1) {
      assert.ok(presses < 20, "the button can't be reached by keyboard");
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await look(page, /Allow Keyferry of the tests/);
    await page.getByRole("button", { name: "Allow" }).click();
    await look(page, "Harbor is connected");
    assert.ok(page.url().startsWith(control), page.url());
    const { status, metadata } = await state(id);
    assert.equal(status, "ACTIVE");
    await page.getByText(metadata.email).waitFor();
    const answer = await ask("GET", "/harbor/v1/items", { base: gateway });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));

    await page.goto(url);
    await look(page, /can.t be used/, { quiet: false });
    assert.equal((await state(id)).status, "ACTIVE", "a link used twice changes nothing");
  },

  async "refuses, sees why, and tries again"() {
    const { connection_id: id, url } = await created({ app: "harbor" });
    const page = await somebody({ colorScheme: "dark" });
    await page.goto(url);
    await look(page, "Connect Harbor");
    await page.getByRole("button", { name: /Continue to/ }).click();
    await page.getByRole("button", { name: "Refuse" }).click();
    await look(page, /./, { quiet: false });
    await page.getByRole("alert").waitFor();
    assert.notEqual((await state(id)).status, "ACTIVE");
    await page.getByRole("link", { name: "Try again" }).click();
    await look(page, "Connect Harbor");
    await page.getByRole("button", { name: /Continue to/ }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    await look(page, "Harbor is connected");
    assert.equal((await state(id)).status, "ACTIVE");
  },

  async "comes back to where the link was made"() {
    const back = `http://127.0.0.1:${LIGHTHOUSE_PORT}/back`;
    const { connection_id: id, url } = await created({ app: "harbor", return_url: back });
    const page = await somebody();
    await page.goto(url);
    await page.getByRole("button", { name: /Continue to/ }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByText("Welcome back").waitFor();
    const { searchParams } = new URL(page.url());
    assert.deepEqual([searchParams.get("connection_id"), searchParams.get("status")], [id, "ACTIVE"]);
  },

  async "types in a key, a wrong one first"() {
    const { connection_id: id, url } = await created({ app: "lighthouse", method: "API_KEY" });
    const page = await somebody();
    await page.goto(url);
    await look(page, "Connect Lighthouse");
    assert.equal(await page.getByLabel("API key").getAttribute("type"), "password");
    await page.getByLabel("Coast").fill("north");
    await page.getByLabel("API key").fill("light-off");
    await page.getByRole("button", { name: "Check and connect" }).click();
    await page.getByRole("alert").waitFor();
    await look(page, "Connect Lighthouse", { quiet: false });
    assert.doesNotMatch(await page.content(), /light-off/, "what was typed into a secret field doesn't come back");
    assert.equal((await state(id)).status, "PENDING");
    await page.getByLabel("Coast").fill("north");
    await page.getByLabel("API key").fill("light-on");
    await page.getByRole("button", { name: "Check and connect" }).click();
    await look(page, "Lighthouse is connected");
    await page.getByText("Grace").waitFor();
    const answer = await ask("GET", "/lighthouse/me", { base: gateway });
    assert.deepEqual([answer.status, answer.body], [200, { id: "7", keeper: "Grace" }]);
  },

  async "opens a link that has run out"() {
    const made = await fetch(`${HASTY_CONTROL}/connections`, {
      method: "POST",
      headers: { authorization: `Bearer ${HASTY_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ app: "harbor" }),
    });
    const { url } = await made.json();
    const page = await somebody();
    const end = Date.now() + 30_000;
    for (let status = 200; status === 200; status = (await page.goto(url)).status()) {
      assert.ok(Date.now() < end, "a link of one second still works");
    }
    await look(page, /can.t be used/, { quiet: false });
  },

  async "wanders off"() {
    const page = await somebody();
    await page.goto(`${control}/`);
    await look(page, /./);
    await page.goto(`${control}/connect?session_token=nonsense`);
    await look(page, /can.t be used/, { quiet: false });
    const refused = await page.goto(`${gateway}/harbor/v1/items`);
    assert.equal(refused.status(), 403);
    assert.equal((await refused.json()).reason, "not_for_browsers");
  },
};

for (const [name, walk] of Object.entries(walks)) {
  console.log(`somebody ${name}`);
  await walk();
}
await browser.close();
console.log("browser ok");
process.exit(0);
