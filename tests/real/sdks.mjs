// Node's fetch: Basic, the app's own header, and a redirect to a foreign host that it follows by itself.
import assert from "node:assert/strict";

const { KEYFERRY_GATEWAY: gateway, KEYFERRY_KEY: key } = process.env;
const basic = (pair) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

for (const headers of [basic(`${key}:`), basic(`user:${key}`), { authorization: `token ${key}` }, { authorization: key }]) {
  const answer = await fetch(`${gateway}/files/x`, { headers });
  assert.equal(await answer.text(), "at home", JSON.stringify(headers).slice(0, 24));
}
const voices = await fetch(`${gateway}/elevenlabs/v1/models`, { headers: { "xi-api-key": key } });
assert.deepEqual(await voices.json(), []);

for (const path of ["download", "chain"]) {
  const file = await fetch(`${gateway}/files/${path}`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(file.status, 200, await file.clone().text());
  assert.ok(file.redirected && file.url.startsWith(`${gateway}/~/`), file.url);
  assert.equal((await file.arrayBuffer()).byteLength, 256 * 300);
}
console.log("fetch ok");
