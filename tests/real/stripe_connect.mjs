// A grant's whole life in Stripe's dialect, then what is Stripe's alone: one secret, two modes, an end by account.
import assert from "node:assert/strict";
import { live } from "./grant_life.mjs";
import { goHome, somebody } from "./people.mjs";
import { ask, control, gateway, until } from "./place.mjs";
import { ACCOUNTS, Stripe } from "./stripe_double.mjs";

const { CONNECT_PORT, API_PORT } = process.env;
const [connect, api] = [CONNECT_PORT, API_PORT].map((port) => `http://127.0.0.1:${port}`);
const [TEST, LIVE] = ["test", "live"].map((mode) => ({ client_id: `ca_Platform${mode}`, client_secret: `sk_${mode}_51Platform` }));
const clients = Object.fromEntries([TEST, LIVE].map((side) => [side.client_id, side.client_secret]));
const stripe = new Stripe({ clients, redirectUri: `${control}/callback/stripe` });
await stripe.listen(CONNECT_PORT, API_PORT);

const ids = { ada: "acct_1AdasTeaRoom", bob: "acct_1BobsBoats" };
const account = (name) => ({ account_id: ids[name], email: ACCOUNTS[ids[name]].email });
const state = async (id) => (await ask("GET", `/connections/${id}`)).body.connection;
const consent = (page, name) => page.getByRole("button", { name: ACCOUNTS[ids[name]].name }).click();
const takes = async (token) => (await fetch(`${api}/v1/account`, { headers: { authorization: `Bearer ${token}` } })).ok;

async function platform(side) {
  const { status, body } = await ask("PUT", "/apps/stripe/client", { body: side });
  assert.equal(status, 200, JSON.stringify(body));
}

await platform(TEST);
await live({
  app: "stripe",
  title: "Stripe",
  path: "/v1/account",
  authorize: `${connect}/oauth/authorize`,
  account,
  who: ({ id }) => id,
  consent,
  told: () => stripe.told,
  takes,

  async redeem(token) {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token, client_secret: TEST.client_secret });
    const response = await fetch(`${connect}/oauth/token`, { method: "POST", body });
    return { status: response.status, body: await response.json() };
  },
});

// The client's secret stood in the form, alone; and a grant ended by its account, with the secret as the bearer.
for (const { asked, authorization } of stripe.told) {
  assert.deepEqual([asked.client_secret, asked.client_id, authorization], [TEST.client_secret, undefined, undefined]);
}
assert.deepEqual(stripe.deauthorized, [{ client: TEST.client_id, account: ids.bob, secret: TEST.client_secret }]);

// Test and live: the key that was given tells, and another mode is another account.
async function walk(url, name) {
  await somebody(async (page) => {
    await page.goto(url);
    await page.getByRole("button", { name: /Continue to/ }).click();
    await consent(page, name);
    await page.getByText(account(name).email).first().waitFor();
  });
}

const { body: made } = await ask("POST", "/connections", { body: { app: "stripe", method: "OAUTH2" } });
await walk(made.url, "ada");
const { metadata } = await state(made.connection_id);
assert.deepEqual([metadata.environment, metadata.stripe_user_id], ["test", ids.ada]);

// With the platform's live secret a test connection would be renewed to a live key. It isn't, and nothing is lost by that.
const call = () => ask("GET", "/stripe/v1/account", { base: gateway });
await platform(LIVE);
stripe.endKeys();
const renewed = () => stripe.told.at(-1).answer.livemode === true;
assert.equal((await until("a live key", call, renewed)).status, 401);
assert.equal((await call()).status, 401, "no call goes out with it");
await platform(TEST);
await until("a test key", call, ({ status }) => status === 200);
assert.equal(stripe.told.at(-1).answer.livemode, false);

await platform(LIVE);
const { body: again } = await ask("POST", `/connections/${made.connection_id}/reconnect`);
await walk(again.connection.url, "ada");
const moved = await state(made.connection_id);
assert.deepEqual([moved.metadata.environment, moved.status_reason], ["live", "awaiting_confirmation"]);
assert.equal(stripe.told.at(-1).answer.livemode, true);

await goHome();
console.log("stripe connect ok");
process.exit(0);
