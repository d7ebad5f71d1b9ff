// Stripe Connect as Stripe's OAuth reference describes it, with a memory: connect.stripe.com on one port, api.stripe.com
// on another. The client proves itself by its secret key alone; that key's mode, test or live, is the mode of the tokens.
// Tokens say nothing of their end. Refresh tokens are rolled; what Stripe does about one that is spent twice is not
// documented, here it ends all that was granted with it. A page asks which account to connect; both belong to everybody.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

export const ACCOUNTS = {
  acct_1AdasTeaRoom: { email: "ada@example.com", name: "Ada's Tea Room" },
  acct_1BobsBoats: { email: "bob@example.com", name: "Bob's Boats" },
};
// How long the first key lives, of which nobody is told, and every later one.
const SECONDS = [2, 3600];

const random = (prefix) => prefix + randomBytes(18).toString("hex");
const mode = (key) => /^[sr]k_(test|live)_/.exec(key ?? "")?.[1];
const bearer = (request) => /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
const body = async (request) => Object.fromEntries(new URLSearchParams((await request.toArray()).join("")));

export class Stripe {
  told = [];
  deauthorized = [];
  #asked = new Map();
  #codes = new Map();
  #refresh = new Map();
  #keys = new Map();

  // `clients` are the platform's two sides: { ca_…: "sk_test_…", ca_…: "sk_live_…" }.
  constructor({ clients, redirectUri }) {
    Object.assign(this, { clients, redirectUri });
  }

  async listen(connect, api) {
    for (const [port, answer] of [[connect, this.#connect], [api, this.#api]]) {
      const server = createServer((request, response) => {
        answer.call(this, request, new URL(request.url, "http://stripe")).then(
          ([status, headers, text]) => response.writeHead(status, headers).end(text),
          (error) => response.writeHead(500).end(String(error.stack)),
        );
      });
      await new Promise((resolve, reject) => server.listen(port, "127.0.0.1", resolve).once("error", reject));
    }
  }

  // Every key so far ends, as if each account had rolled its own.
  endKeys() {
    for (const held of this.#keys.values()) held.end = 0;
  }

  async #connect(request, { pathname, searchParams }) {
    switch (`${request.method} ${pathname}`) {
      case "GET /oauth/authorize":
        return this.#page(Object.fromEntries(searchParams));
      case "POST /oauth/authorize":
        return this.#agreed(await body(request));
      case "POST /oauth/token":
        return this.#token(await body(request), request.headers);
      case "POST /oauth/deauthorize":
        return this.#deauthorize(await body(request), bearer(request));
      default:
        return json(404, { error: "not_found" });
    }
  }

  #page(asked) {
    const { client_id: client, redirect_uri: back, response_type: type, scope } = asked;
    const known = client in this.clients && back === this.redirectUri && type === "code" && scope === "read_write";
    if (!known) return json(400, { error: { message: `No application: ${JSON.stringify(asked)}` } });
    const flow = random("flow_");
    this.#asked.set(flow, asked);
    const buttons = Object.entries(ACCOUNTS).map(([id, { name }]) => `<button name=account value=${id}>${name}</button>`);
    const page = `<!doctype html><html lang=en><title>Connect</title><h1>Keyferry of the tests wants to connect</h1>
      <form method=post><input type=hidden name=flow value=${flow}>${buttons.join("")}</form>`;
    return [200, { "content-type": "text/html; charset=utf-8" }, page];
  }

  #agreed({ flow, account }) {
    const { client_id: client, state, redirect_uri: back, code_challenge: challenge } = this.#asked.get(flow);
    this.#asked.delete(flow);
    const code = random("ac_");
    this.#codes.set(code, { account, challenge, secret: this.clients[client] });
    return [302, { location: `${back}?${new URLSearchParams({ scope: "read_write", state, code })}` }];
  }

  #token(asked, { authorization }) {
    const [status, answer] = this.#exchange(asked);
    this.told.push({ asked, authorization, status, answer });
    return json(status, answer);
  }

  #exchange({ client_secret: secret, grant_type: type, code, code_verifier: verifier, refresh_token: token }) {
    const no = (error, error_description) => [400, { error, error_description }];
    if (!Object.values(this.clients).includes(secret)) {
      return [401, { error: { type: "invalid_request_error", message: "Invalid API Key provided" } }];
    }
    if (type === "authorization_code") {
      const flow = this.#codes.get(code);
      this.#codes.delete(code);
      if (!flow) return no("invalid_grant", "Authorization code does not exist");
      if (flow.secret !== secret) return no("invalid_grant", "The mode of the key is not that of the code");
      const met = flow.challenge === undefined || createHash("sha256").update(verifier ?? "").digest("base64url") === flow.challenge;
      if (!met) return no("invalid_grant", "The code was asked for by somebody else");
      return this.#give({ account: flow.account, alive: true }, secret);
    }
    if (type !== "refresh_token") return no("unsupported_grant_type", `Unsupported grant type: ${type}`);
    const held = this.#refresh.get(token);
    if (held?.spent) held.grant.alive = false;
    if (!held?.grant.alive) return no("invalid_grant", "This refresh token does not exist");
    held.spent = true;
    return this.#give(held.grant, secret);
  }

  #give(grant, secret) {
    const [kind, token] = [mode(secret), random("rt_")];
    const key = random(`sk_${kind}_`);
    this.#refresh.set(token, { grant, spent: false });
    this.#keys.set(key, { grant, end: Date.now() + SECONDS[this.told.length === 0 ? 0 : 1] * 1000 });
    const answer = { access_token: key, livemode: kind === "live", refresh_token: token, token_type: "bearer", scope: "read_write" };
    return [200, { ...answer, stripe_publishable_key: random(`pk_${kind}_`), stripe_user_id: grant.account }];
  }

  #deauthorize({ client_id: client, stripe_user_id: account }, secret) {
    this.deauthorized.push({ client, account, secret });
    const of = [...this.#keys].filter(([key, { grant }]) => grant.alive && grant.account === account && mode(key) === mode(secret));
    if (!client || this.clients[client] !== secret || of.length === 0) {
      return json(401, { error: "invalid_client", error_description: `This application is not connected to ${account}` });
    }
    for (const [, { grant }] of of) grant.alive = false;
    return json(200, { stripe_user_id: account });
  }

  async #api(request, { pathname }) {
    const held = this.#keys.get(bearer(request));
    if (!held?.grant.alive || held.end < Date.now()) {
      const error = { code: "api_key_expired", message: "Expired API Key provided", type: "invalid_request_error" };
      return json(401, { error }, { "www-authenticate": 'Basic realm="Stripe"' });
    }
    const { account: id } = held.grant;
    if (pathname !== "/v1/account") return json(404, { error: { message: "Unrecognized request URL", type: "invalid_request_error" } });
    return json(200, { id, object: "account", email: ACCOUNTS[id].email });
  }
}

const json = (status, answer, headers = {}) => [status, { "content-type": "application/json", ...headers }, JSON.stringify(answer)];
