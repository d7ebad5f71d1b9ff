// A grant's whole life at a real OAuth server: connect, call, expire, refresh, call, revoke, reconnect, disconnect.
import assert from "node:assert/strict";
import { Browser } from "./http_browser.mjs";
import { start } from "./oidc_provider.mjs";
import { ask, control, gateway, until } from "./place.mjs";

const { OIDC_PORT: port, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = process.env;
const provider = await start({ port, clientId, clientSecret, redirectUri: `${control}/callback/acme` });

const me = () => ask("GET", "/acme/me?x=a%2Fb", { base: gateway });
const connection = async (id) => (await ask("GET", `/connections/${id}`)).body.connection;

// Opens the link, signs in as this person, consents; the page it ends at.
async function consent(url, person) {
  const browser = new Browser();
  const offer = await browser.load(url);
  assert.equal(offer.status, 200, offer.html);
  assert.match(offer.html, /Acme ID/, "the page names the app");
  const login = await browser.submit(offer);
  assert.match(login.url, new RegExp(`^http://127.0.0.1:${port}/interaction/`), `${login.url}\n${login.html}`);
  const asked = await browser.submit(login, { login: person, password: "anything" });
  return browser.submit(asked);
}

async function connect() {
  const made = await ask("POST", "/connections", { body: { app: "acme" } });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.equal(made.body.status, "PENDING");
  const end = await consent(made.body.url, "ada");
  assert.equal(end.status, 200, end.html);
  assert.ok(end.url.startsWith(control), end.url);
  const now = await connection(made.body.connection_id);
  assert.equal(now.status, "ACTIVE", JSON.stringify(now));
  assert.equal(now.metadata.email, "ada@example.com", "the probe asked whose account it is");
  return now.connection_id;
}

async function call() {
  const answer = await me();
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual([answer.body.sub, answer.body.path, answer.body.query], ["ada", "/api/me", "x=a%2Fb"]);
  return answer.body.mark;
}

const id = await connect();
const first = await call();

const refreshed = await until("another access token", me, (answer) => answer.status !== 200 || answer.body.mark !== first);
assert.equal(refreshed.status, 200, "a refresh is never seen by the caller");
assert.ok(provider.seen.refreshes >= 1);

// Many callers at the moment of expiry: a rotated refresh token that is used twice would end the grant.
await until("the next token", call, (mark) => mark !== refreshed.body.mark);
await Promise.all(Array.from({ length: 20 }, call));
assert.deepEqual(provider.seen.refused, [], "no refresh token was used twice");

await provider.endGrants();
const ended = await until("the end of the grant", me, (answer) => answer.headers.get("keyferry-error") !== null);
assert.equal(ended.status, 400, JSON.stringify(ended.body));
assert.equal(ended.body.reason, "reauthorization_required");
assert.deepEqual(provider.seen.refused, ["invalid_grant"], "asked once and believed it");
const failed = await connection(id);
assert.equal(failed.status, "FAILED");
assert.match(failed.status_reason, /^[a-z_]+$/);
assert.equal((await me()).body.reason, "reauthorization_required", "and on every later call");
assert.deepEqual(provider.seen.refused, ["invalid_grant"], "without asking the provider again");

const again = await consent(ended.body.url, "ada");
assert.equal(again.status, 200, again.html);
assert.equal((await connection(id)).status, "ACTIVE");
await call();

const before = provider.seen.revoked;
assert.equal((await ask("DELETE", `/connections/${id}`)).status, 200);
assert.equal((await me()).body.reason, "connection_required");
await until("the revocation at the provider", async () => provider.seen.revoked, (revoked) => revoked > before);

console.log("oidc ok");
process.exit(0);
