// People with Chromium, each in a browser of their own, and what others try to do to them. The provider, the API and
// the attacker's site are one small server here, so that each page can be brought into each of its states.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { ask, control, gateway } from "./place.mjs";

const { BROWSER, PORT, WALK, SCREENS, CAREFUL_CONTROL, CAREFUL_KEY } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const here = `http://127.0.0.1:${PORT}`;
mkdirSync(SCREENS, { recursive: true });

// What the provider does next, and what it was asked.
const provider = {};
const calm = { refuses: null, said: null, scope: "openid berths.read berths.write", me: { id: "ada-7", name: "Ada Lovelace", email: "ada@example.com" }, harbours: [{ id: "north", name: "North Harbour" }, { id: "south", name: "South Harbour" }] };
const reset = (change = {}) => Object.assign(provider, { tokens: 0, revoked: 0, referrers: [], strange: [] }, calm, change);
reset();

createServer((request, response) => {
  const url = new URL(request.url, here);
  const json = (body, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const html = (body) => response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><html lang=en><title>Elsewhere</title>${body}`);
  if (request.headers.referer) provider.referrers.push(request.headers.referer);
  if (url.pathname === "/authorize") {
    const back = new URL(url.searchParams.get("redirect_uri"));
    back.searchParams.set("state", url.searchParams.get("state"));
    if (provider.refuses) back.searchParams.set("error", provider.refuses);
    else back.searchParams.set("code", "a-code");
    if (provider.said) back.searchParams.set("error_description", provider.said);
    // As providers do: a page of theirs with a button.
    return html(`<p>May it?</p><a id=allow href="${back.href.replaceAll("&", "&amp;")}">Allow</a>`);
  }
  if (url.pathname === "/token") return json({ access_token: `at-${(provider.tokens += 1)}`, refresh_token: "rt", expires_in: 3600, scope: provider.scope });
  if (url.pathname === "/revoke") return json({ ok: (provider.revoked += 1) });
  if (url.pathname === "/me") return json(provider.me);
  if (url.pathname === "/harbours") return json(provider.harbours);
  if (url.pathname === "/north/me") {
    const known = request.headers["x-api-key"] === "light-on";
    return json(known ? { id: "7", name: "Grace" } : { error: "wrong" }, known ? 200 : 401);
  }
  if (url.pathname === "/back") return html("<h1>Welcome back</h1>");
  if (url.pathname === "/frame") return html(`<iframe name=inner src="${url.searchParams.get("of").replaceAll("&", "&amp;")}"></iframe>`);
  if (url.pathname === "/forge") {
    const fields = [...new URLSearchParams(url.searchParams.get("body"))].map(([name, value]) => `<input name="${name}" value="${value}">`);
    return html(`<form method=post action="${url.searchParams.get("to")}">${fields.join("")}<button>Free prize</button></form>`);
  }
  if (url.pathname !== "/favicon.ico") provider.strange.push(request.url);
  return json({}, 404);
}).listen(PORT, "127.0.0.1");

const browser = await chromium.launch({
  executablePath: BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// A browser of somebody's own: no cookies yet.
async function somebody(options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-US", ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.asked = [];
  page.dialogs = [];
  page.on("request", (request) => page.asked.push(request.url()));
  page.on("dialog", (dialog) => page.dialogs.push(dialog.message()) && dialog.dismiss());
  return page;
}

async function created(body, options) {
  const answer = await ask("POST", "/connections", { body, ...options });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const careful = { base: CAREFUL_CONTROL, headers: { authorization: `Bearer ${CAREFUL_KEY}` } };
const state = async (id, options) => (await ask("GET", `/connections/${id}`, options)).body.connection;
const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole("button", { name }).click();
const allow = (page) => page.click("#allow");

// A page in both schemes and three widths: no rule of axe is broken, nothing sticks out; a picture of each.
async function look(page, name, title) {
  await heading(page, title);
  const viewport = page.viewportSize();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [320, 390, 1024]) {
      await page.setViewportSize({ width, height: 844 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels too wide for ${width}`);
      const scheme = `${name}-${colorScheme}`;
      if (width !== 390 || colorScheme === "light") await page.screenshot({ path: `${SCREENS}/${scheme}-${width}.png`, fullPage: true });
    }
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `axe on ${name}, ${colorScheme}`);
  }
  await page.setViewportSize(viewport);
  assert.equal(await page.getByRole("main").count(), 1, name);
}

const walks = {
  async look() {
    reset();
    let page = await somebody();
    await page.goto(`${control}/`);
    await look(page, "root", /keyferry gateway/);
    await page.goto(`${control}/connect?session_token=nonsense`);
    await look(page, "gone", /can.t be used/);
    await page.goto(`${control}/no-such-page`);
    await look(page, "nowhere", /nothing here/);

    const made = await created({ app: "buoy", name: "tea room" });
    await page.goto(made.url);
    await look(page, "start", "Connect Buoy");
    for (const [tag, title] of [["Deutsch", "Buoy verbinden"], ["中文", "连接 Buoy"], ["Español", "Conectar Buoy"], ["日本語", "Buoy を接続"]]) {
      await page.getByRole("link", { name: tag }).click();
      await look(page, `start-${await page.locator("html").getAttribute("lang")}`, title);
    }
    reset({ refuses: "access_denied", said: "The user said no." });
    await press(page, /127\.0\.0\.1/);
    await allow(page);
    await look(page, "failed-ja", "Buoy は接続されませんでした");
    await page.getByRole("link", { name: "English" }).click();
    await look(page, "failed", "Buoy was not connected");
    reset({ scope: "openid berths.read" });
    await page.getByRole("link", { name: "Try again" }).click();
    await press(page, /Continue to/);
    await allow(page);
    await look(page, "done", "Buoy is connected");
    await page.getByText("Book and free berths").waitFor();
    await page.getByRole("link", { name: "Deutsch" }).click();
    await look(page, "done-de", "Buoy ist verbunden");

    const keyed = await created({ app: "lighthouse", method: "API_KEY" });
    page = await somebody();
    await page.goto(keyed.url);
    await look(page, "typed-in", "Connect Lighthouse");
    await page.getByLabel("Coast").fill("North!");
    await press(page, "Check and connect");
    await look(page, "typed-in-instantly", "Connect Lighthouse");
    await page.evaluate(() => { document.querySelector("form").noValidate = true; });
    await page.getByLabel("Coast").fill("north");
    await page.getByLabel("API key").fill("light-off");
    await page.getByLabel("Region").selectOption("eu");
    await press(page, "Check and connect");
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Coast").inputValue(), "north", "nothing is lost");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f-api_key", "the keyboard begins at what is wrong");
    await look(page, "typed-in-refused", "Connect Lighthouse");

    reset();
    page = await somebody();
    await page.goto((await created({ app: "moorings" })).url);
    await press(page, /Continue to/);
    await allow(page);
    await look(page, "choose", "Which one should be connected?");
    await page.getByLabel("South Harbour").check();
    await press(page, "Connect this one");
    await look(page, "choose-done", "Moorings is connected");

    page = await somebody();
    const waiting = await created({ app: "buoy" }, careful);
    await page.goto(waiting.url);
    await look(page, "start-careful", "Connect Buoy");
    await press(page, /Continue to/);
    await allow(page);
    await look(page, "waiting", /One more step/);
    assert.equal((await state(waiting.connection_id, careful)).status_reason, "awaiting_confirmation");
    const confirmed = await page.locator(".call").innerText();
    const [method, url] = confirmed.trim().split(" ");
    assert.equal((await ask(method, new URL(url).pathname, careful)).status, 200, "what the page says is what confirms");
    assert.equal((await state(waiting.connection_id, careful)).status, "ACTIVE");

    const again = await ask("POST", `/connections/${made.connection_id}/reconnect`);
    reset({ me: { id: "eve-9", name: "Eve", email: "eve@example.com" } });
    page = await somebody();
    await page.goto(again.body.connection.url);
    await look(page, "reconnect", "Reconnect Buoy");
    await page.getByText("Book and free berths").waitFor(); // not granted before, asked for again
    await page.getByText("Ada Lovelace").waitFor();
    await press(page, /Continue to/);
    await allow(page);
    await look(page, "waiting-other", /One more step/);
    await page.getByText("another account than before").waitFor();
    assert.equal((await state(made.connection_id)).status, "PENDING");
  },

  async reach() {
    reset();
    // By keyboard alone.
    let page = await somebody();
    const tabTo = async (what) => {
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press("Tab");
        if (await what.evaluate((node) => node === document.activeElement)) return;
      }
      assert.fail("it can't be reached by keyboard");
    };
    const keyed = await created({ app: "lighthouse", method: "API_KEY" });
    await page.goto(keyed.url);
    await tabTo(page.getByLabel("Coast"));
    await page.keyboard.type("north");
    await tabTo(page.getByLabel("Region"));
    await page.keyboard.type("u");
    await tabTo(page.getByLabel("API key"));
    await page.keyboard.type("light-on");
    await page.keyboard.press("Enter");
    await heading(page, "Lighthouse is connected");
    assert.equal((await state(keyed.connection_id)).metadata.region, "us");

    const moored = await created({ app: "moorings" });
    await page.goto(moored.url);
    await tabTo(page.getByRole("link", { name: "Deutsch" }));
    await page.keyboard.press("Enter");
    await tabTo(page.getByRole("button", { name: /Weiter zu/ }));
    await page.keyboard.press("Enter");
    await tabTo(page.locator("#allow"));
    await page.keyboard.press("Enter");
    await heading(page, "Was soll verbunden werden?");
    await tabTo(page.getByLabel("North Harbour"));
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await heading(page, "Moorings ist verbunden");
    assert.equal((await state(moored.connection_id)).metadata.harbour, "south");

    // Without script, down to the end.
    page = await somebody({ javaScriptEnabled: false });
    const plain = await created({ app: "moorings" });
    await page.goto(plain.url);
    await page.click("button[type=submit]");
    await allow(page);
    await page.click("label[for=c-0]");
    await page.click("button[type=submit]:not([name])");
    await page.waitForURL(/\/done\//);
    assert.match(await page.content(), /Moorings is connected/);
    const typed = await created({ app: "lighthouse", method: "API_KEY" });
    await page.goto(typed.url);
    await page.fill("#f-coast", "north");
    await page.selectOption("#f-region", "eu");
    await page.fill("#f-api_key", "light-on");
    await page.fill("#f-seal", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n");
    await page.click("button[type=submit]");
    await page.waitForURL(/\/done\//);
    assert.match(await page.content(), /Lighthouse is connected/);
  },

  async strangers() {
    reset();
    const { connection_id: id, url } = await created({ app: "buoy" });
    // Robots that look at links before people do.
    for (let count = 0; count < 10; count += 1) {
      const robot = await somebody();
      const answer = count % 2 ? await robot.goto(url) : await robot.request.head(url);
      assert.equal(answer.status(), 200);
      assert.ok(robot.asked.every((asked) => asked.startsWith(control)), `${robot.asked}`);
      await robot.context().close();
    }
    assert.equal((await state(id)).status, "PENDING");

    // A page of another origin posts the form that it has seen in a browser of its own.
    const attacker = await somebody();
    await attacker.goto(url);
    const seen = await attacker.$$eval("form[action='/connect'] input[type=hidden]", (inputs) => new URLSearchParams(inputs.map((input) => [input.name, input.value])).toString());
    const victim = await somebody();
    await victim.goto(url);
    await heading(victim, "Connect Buoy");
    for (const to of [`${control}/connect`, `${control}/choose`]) {
      await victim.goto(`${here}/forge?${new URLSearchParams({ to, body: seen })}`);
      const [refused] = await Promise.all([victim.waitForResponse((response) => response.request().method() === "POST"), victim.click("button")]);
      assert.equal(refused.status(), 403, to);
    }
    assert.equal((await state(id)).status, "PENDING");

    // The attacker goes on alone and hands the provider's page to somebody else.
    await attacker.getByRole("button", { name: /Continue to/ }).click();
    const back = await attacker.locator("#allow").getAttribute("href");
    const other = await somebody();
    const refused = await other.goto(back);
    assert.equal(refused.status(), 400);
    await heading(other, /can.t be finished here/);
    await look(other, "elsewhere", /can.t be finished here/);
    assert.equal(provider.tokens, 0, "no code was exchanged");
    assert.equal((await state(id)).status, "PENDING");
  },

  async hostile() {
    const markup = `"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}javascript:alert(3)`;
    reset({ me: { id: "7", name: markup, email: markup }, harbours: [{ id: "a", name: markup }, { id: "b", name: `javascript:alert(4)` }] });
    const page = await somebody();
    const { url } = await created({ app: "moorings", name: markup.slice(0, 190) });
    await page.goto(url);
    await heading(page, "Connect Moorings");
    await press(page, /Continue to/);
    await allow(page);
    await heading(page, /Which one/);
    await page.getByLabel(/onerror=alert/).check();
    await press(page, "Connect this one");
    await heading(page, "Moorings is connected");
    await page.getByText("onerror=alert").first().waitFor();
    reset({ refuses: `x"><script>alert(5)</script>`, said: `${markup}${"y".repeat(10_000)}` });
    await page.goto((await created({ app: "buoy" })).url);
    await press(page, /Continue to/);
    await allow(page);
    await heading(page, "Buoy was not connected");
    assert.deepEqual([page.dialogs, provider.strange], [[], []]);
    const origins = new Set(page.asked.map((asked) => new URL(asked).origin));
    assert.deepEqual([...origins].sort(), [here, control].sort(), "nothing is asked of anybody else");
    assert.equal(await page.locator("main script, main img").count(), 0);

    // Nothing that opens a door is left in the address bar, the history or a referrer.
    const session = await page.context().newCDPSession(page);
    const { entries } = await session.send("Page.getNavigationHistory");
    assert.ok(entries.length > 5);
    for (const entry of entries.filter((entry) => entry.url.startsWith(control))) {
      assert.doesNotMatch(entry.url, /session_token=|[?&]code=|[?&]state=/);
    }
    assert.deepEqual(provider.referrers.filter((referrer) => referrer.startsWith(control)), []);

    // No frame shows a page, and no other origin reads the API.
    const { url: framed } = await created({ app: "buoy" });
    for (const of of [framed, `${control}/`, page.url()]) {
      const thief = await somebody();
      await thief.goto(`${here}/frame?${new URLSearchParams({ of })}`);
      const inner = thief.frame("inner");
      assert.ok(!inner || !(await inner.content().catch(() => "")).includes("keyferry"), of);
      const key = process.env.KEYFERRY_KEY;
      const read = await thief.evaluate(async ([to, key]) => fetch(to, { headers: { authorization: `Bearer ${key}` } }).then(() => "read", () => "blocked"), [`${control}/connections`, key]);
      assert.equal(read, "blocked");
      await thief.context().close();
    }
  },

  async back() {
    reset();
    const good = `${here}/back`;
    const odd = [`//127.0.0.1:${PORT}/back`, `/\\127.0.0.1/back`, `${good}?x`, `${good}#x`, `${good}/`, "javascript:alert(1)", `http://127.0.0.1:${PORT}@evil.test/back`, `https:127.0.0.1:${PORT}/back`, `\t${good}`, "http://evil.test/back"];
    for (const return_url of odd) {
      const refused = await ask("POST", "/connections", { body: { app: "buoy", return_url } });
      assert.equal(refused.status, 422, return_url);
    }
    const page = await somebody();
    const made = await created({ app: "buoy", return_url: good });
    // What stands in the browser's address has no say.
    await page.goto(`${made.url}&return_url=http://evil.test/&next=//evil.test`);
    await press(page, /Continue to/);
    const href = await page.locator("#allow").getAttribute("href");
    await page.goto(`${href}&return_url=http://evil.test/&next=//evil.test`);
    await heading(page, "Welcome back");
    const { searchParams } = new URL(page.url());
    assert.deepEqual([...searchParams], [["connection_id", made.connection_id], ["status", "ACTIVE"]]);
    assert.ok(page.asked.every((asked) => !new URL(asked).host.includes("evil")), `${page.asked}`);
    assert.equal((await ask("GET", "/buoy/me", { base: gateway })).status, 200);
  },
};

await walks[WALK]();
await browser.close();
console.log("pages ok");
process.exit(0);
