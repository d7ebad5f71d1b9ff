// A grant's whole life at oidc-provider, which proves clients by HTTP Basic.
import assert from "node:assert/strict";
import { live } from "./grant_life.mjs";
import { start } from "./oidc_provider.mjs";
import { goHome } from "./people.mjs";
import { at } from "./server.mjs";
import { control } from "./place.mjs";

const { PORT: port, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env;
const told = await start({ port, clientId, clientSecret, redirectUri: `${control}/callback/acme` });
const origin = `http://127.0.0.1:${port}`;

await live({
  app: "acme",
  title: "Acme ID",
  path: "/me?x=a%2Fb",
  authorize: `${origin}/auth`,
  account: (name) => ({ account_id: name, email: `${name}@example.com` }),
  told: () => told,
  ...at({ token: `${origin}/token`, api: `${origin}/api/me`, basic: [clientId, clientSecret] }),

  who({ sub, path, query }) {
    assert.deepEqual([path, query], ["/api/me", "x=a%2Fb"]);
    return sub;
  },

  async consent(page, name) {
    await page.getByPlaceholder("Enter any login").fill(name);
    await page.getByPlaceholder("and password").fill("anything");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  },
});
await goHome();
console.log("oidc ok");
process.exit(0);
