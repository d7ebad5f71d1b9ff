// A grant's whole life at django-oauth-toolkit, which runs beside this under Django's own server.
import { live } from "./grant_life.mjs";
import { goHome } from "./people.mjs";
import { at } from "./server.mjs";

const { PORT: port, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env;
const origin = `http://127.0.0.1:${port}`;
const numbers = { ada: "1", bob: "2" };

await live({
  app: "toolkit",
  title: "Toolkit",
  path: "/userinfo/",
  authorize: `${origin}/o/authorize/`,
  account: (name) => ({ account_id: numbers[name], email: `${name}@example.com` }),
  who: ({ sub }) => sub,
  ...at({ token: `${origin}/o/token/`, api: `${origin}/o/userinfo/`, basic: [clientId, clientSecret] }),

  async told() {
    const answers = await (await fetch(`${origin}/told`)).json();
    return answers.map(({ answer, ...rest }) => ({ ...rest, answer: JSON.parse(answer) }));
  },

  async consent(page, name) {
    await page.getByLabel("Username").fill(name);
    await page.getByLabel("Password").fill("anything");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Authorize Keyferry of the tests?" }).waitFor();
    await page.getByRole("button", { name: "Authorize" }).click();
  },
});
await goHome();
console.log("toolkit ok");
process.exit(0);
