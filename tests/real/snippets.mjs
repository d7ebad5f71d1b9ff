// The same calls as people write them with fetch.
import assert from "node:assert/strict";

const { KEYFERRY_GATEWAY: gateway, KEYFERRY_CONTROL: control, KEYFERRY_KEY: key, KEYFERRY_SECOND: second } = process.env;
const headers = { Authorization: `Bearer ${key}` };

const created = await fetch(`${control}/connections`, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify({ app: "stripe" }),
}).then((response) => response.json());
assert.equal(created.status, "PENDING");
assert.equal(created.connection.url, created.url);

const one = `${control}/connections/${created.connection_id}`;
const { connection } = await fetch(one, { headers }).then((response) => response.json());
assert.equal(connection.connection_id, created.connection_id);

const { connections } = await fetch(`${control}/connections?app=stripe`, { headers }).then((response) => response.json());
assert.ok(connections.some((each) => each.connection_id === second));

assert.deepEqual(await fetch(one, { method: "DELETE", headers }).then((response) => response.json()), {});
assert.equal((await fetch(one, { headers })).status, 404);

const customers = await fetch(`${gateway}/stripe/v1/customers?limit=10`, { headers });
assert.equal(customers.status, 200);
assert.equal((await customers.json()).object, "list");

const chosen = await fetch(`${gateway}/stripe/v1/customers`, { headers: { ...headers, "Maton-Connection": second } });
assert.equal(chosen.headers.get("maton-connection"), second);

const made = await fetch(`${gateway}/stripe/v1/customers`, {
  method: "POST",
  headers,
  body: new URLSearchParams({ email: "fetch@example.com", "metadata[source]": "a&b=c" }),
}).then((response) => response.json());
assert.deepEqual(made.metadata, { source: "a&b=c" });

console.log("fetch ok");
