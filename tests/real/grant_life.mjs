// The whole life of a grant at a server that nobody here wrote, through the gateway and in real Chromium: connect, call,
// expire, refresh with rotation, reuse, reconnect, reconnect as somebody else, revoke. It knows no server: each brings
//   app, title, path    the app's slug, what its pages call it, and a GET that says whose token it is
//   who(body)           the account in that answer
//   account(name)       what the connection says of that person: { account_id, email }
//   authorize           where its consent begins, without the query
//   consent(page, name) signs in on its pages as that person and agrees
//   told()              every answer of its token endpoint: { asked: parameters, status, answer: JSON }
//   redeem(token)       spends a refresh token there, as whoever stole it would
//   takes(token)        whether its own API takes this access token; the first one must end by itself, soon
import assert from "node:assert/strict";
import { somebody } from "./people.mjs";
import { ask, control, gateway, until } from "./place.mjs";

const CALLERS = 20;

export async function live(server) {
  const step = (name) => console.log(`${(performance.now() / 1000).toFixed(1)} s: ${name}`);
  const call = () => ask("GET", `/${server.app}${server.path}`, { base: gateway });
  const state = async (id) => (await ask("GET", `/connections/${id}`)).body.connection;
  const answers = async () => (await server.told()).filter(({ status }) => status === 200).map(({ answer }) => answer);
  const newest = async () => (await answers()).at(-1);
  const refreshes = async () => (await server.told()).filter(({ asked }) => asked.grant_type === "refresh_token");

  async function serves(name) {
    const { status, headers, body } = await call();
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(headers.get("keyferry-error"), null);
    assert.equal(server.who(body), server.account(name).account_id, `the call goes as ${name}`);
  }

  async function isConnected(id, name) {
    const { connection_id, status, status_reason, metadata } = await state(id);
    assert.deepEqual([connection_id, status, status_reason], [id, "ACTIVE", null]);
    const { account_id, email } = metadata;
    assert.deepEqual({ account_id, email }, server.account(name), "the probe asked whose account it is");
  }

  // Opens the link as this person, goes to the server, agrees there, and ends at the gateway's last page, which names the
  // account: what it says.
  const seen = new Set();
  const walk = (url, name) =>
    somebody(async (page) => {
      await page.goto(url);
      await page.getByRole("heading", { level: 1, name: server.title }).waitFor();
      const leaving = page.waitForRequest((request) => request.url().startsWith(`${server.authorize}?`));
      await page.getByRole("button", { name: /Continue to/ }).click();
      const asked = new URL((await leaving).url()).searchParams;
      assert.equal(asked.get("redirect_uri"), `${control}/callback/${server.app}`);
      assert.equal(asked.get("code_challenge_method"), "S256");
      for (const one of [asked.get("state"), asked.get("code_challenge")]) {
        assert.match(one, /^[\w-]{22,}$/);
        assert.ok(!seen.has(one), "every flow has its own");
        seen.add(one);
      }
      await server.consent(page, name);
      await page.waitForURL((at) => at.href.startsWith(control));
      await page.getByText(server.account(name).email).first().waitFor();
      return page.innerText("main");
    });

  // Connect.
  step("ready");
  const made = await ask("POST", "/connections", { body: { app: server.app, method: "OAUTH2" } });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.equal(made.body.status, "PENDING");
  const id = made.body.connection_id;
  assert.match(await walk(made.body.url, "ada"), /is connected/);
  await isConnected(id, "ada");
  await serves("ada");
  step("connected and called");

  // Expire: many calls after the end are one token request, and nobody sees it.
  const [first] = await answers();
  const told = Date.now() + (first.expires_in ?? 0) * 1000;
  const over = (taken) => !taken && Date.now() > told;
  await until("the end of the first token", () => server.takes(first.access_token), over);
  await Promise.all(Array.from({ length: CALLERS }, () => serves("ada")));
  const [renewal, ...more] = await refreshes();
  assert.deepEqual([renewal.asked.refresh_token, renewal.status, more], [first.refresh_token, 200, []], "one renewal");
  assert.notEqual(renewal.answer.access_token, first.access_token);
  assert.notEqual(renewal.answer.refresh_token, first.refresh_token, "the refresh token has rotated");
  await serves("ada");
  step("expired and renewed once");

  // Reuse: a thief spends the old refresh token. The server ends all that came of it, and the gateway hears of it.
  const stolen = await server.redeem(first.refresh_token);
  assert.deepEqual([stolen.status, stolen.body.error], [400, "invalid_grant"], JSON.stringify(stolen.body));
  assert.equal(await server.takes(renewal.answer.access_token), false, "the thief has ended the grant");
  const own = ({ status, headers }) => status === 401 && headers.get("keyferry-error") === null;
  const ended = await until("the end of the grant", call, (answer) => !own(answer));
  assert.deepEqual([ended.status, ended.body.reason], [400, "reauthorization_required"], JSON.stringify(ended.body));
  const failed = await state(id);
  assert.deepEqual([failed.status, failed.status_reason], ["FAILED", "reauthorization_required"]);
  const refused = async () => (await refreshes()).filter(({ status }) => status !== 200);
  const spent = (await refused()).map(({ asked, answer }) => [asked.refresh_token, answer.error]);
  const newer = [renewal.answer.refresh_token, "invalid_grant"];
  assert.deepEqual(spent, [[first.refresh_token, "invalid_grant"], newer], "the thief, then the gateway once");
  assert.equal((await call()).body.reason, "reauthorization_required", "and on every later call");
  assert.equal((await refused()).length, 2, "without asking the server again");
  step("reused and ended");

  // Reconnect, from the link in the refusal: the same connection.
  await walk(ended.body.url, "ada");
  await isConnected(id, "ada");
  await serves("ada");
  step("reconnected");

  // Reconnect as somebody else: nothing goes out as the other account before the owner agrees.
  const reconnect = await ask("POST", `/connections/${id}/reconnect`);
  assert.equal(reconnect.status, 200, JSON.stringify(reconnect.body));
  await serves("ada");
  assert.match(await walk(reconnect.body.connection.url, "bob"), /confirm/);
  const waiting = await state(id);
  assert.deepEqual([waiting.status, waiting.status_reason], ["PENDING", "awaiting_confirmation"]);
  const held = await call();
  assert.deepEqual([held.status, held.body.reason], [400, "connection_unusable"], JSON.stringify(held.body));
  const confirmed = await ask("POST", `/connections/${id}/confirm`);
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  await isConnected(id, "bob");
  await serves("bob");
  step("reconnected as somebody else, once that was confirmed");

  // Revoke: what is deleted here ends there.
  const last = await newest();
  assert.equal(await server.takes(last.access_token), true);
  assert.equal((await ask("DELETE", `/connections/${id}`)).status, 200);
  assert.equal((await call()).body.reason, "connection_required");
  await until("the end of the grant", () => server.takes(last.access_token), (taken) => !taken);
  const late = await server.redeem(last.refresh_token);
  assert.deepEqual([late.status, late.body.error], [400, "invalid_grant"], "its refresh token has ended too");
  step("deleted here and ended there");
}
