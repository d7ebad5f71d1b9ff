// A server of the Model Context Protocol with the SDK's own OAuth server, which the gateway has never heard of but for its
// address: found, registered at, consented to in Chromium, and then called by the SDK's own client with a keyferry key.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { DemoInMemoryAuthProvider } from "@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { mcpAuthRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { LoggingMessageNotificationSchema, isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import express from "express";
import { goHome, somebody } from "./people.mjs";
import { ask, control, gateway, key, until } from "./place.mjs";

const base = `http://127.0.0.1:${process.env.PORT}`;
const resource = `${base}/v1/mcp`;
const seen = { registrations: [], resources: [], revoked: [], sessions: [] };

// The SDK's demonstration, with what it leaves out: an end to grants.
class Provider extends DemoInMemoryAuthProvider {
  constructor() {
    super((asked) => {
      seen.resources.push(asked?.href);
      return asked?.href === resource;
    });
    const register = this.clientsStore.registerClient.bind(this.clientsStore);
    this.clientsStore.registerClient = (metadata) => {
      seen.registrations.push(metadata);
      return register(metadata);
    };
  }

  async revokeToken(client, { token }) {
    seen.revoked.push(token);
    this.tokens.delete(token);
  }
}

function tools() {
  const server = new McpServer({ name: "clock", version: "1.0.0" }, { capabilities: { logging: {} } });
  server.registerTool("late", { description: "Says something now, and something later" }, async (extra) => {
    await server.server.sendLoggingMessage({ level: "info", data: "on the session's own stream" }, undefined);
    await extra.sendNotification({ method: "notifications/message", params: { level: "info", data: "on this answer's" } });
    return { content: [{ type: "text", text: `for ${extra.authInfo.scopes.join(" ")}` }] };
  });
  return server;
}

const provider = new Provider();
const app = express();
const sessions = new Map();
app.use(mcpAuthRouter({ provider, issuerUrl: new URL(base), resourceServerUrl: new URL(resource), scopesSupported: ["mcp:tools"] }));
app.all("/v1/mcp", requireBearerAuth({ verifier: provider }), express.json(), async (request, response) => {
  const id = request.headers["mcp-session-id"];
  seen.sessions.push([request.method, id]);
  let transport = sessions.get(id);
  if (!transport && isInitializeRequest(request.body)) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (made) => sessions.set(made, transport),
    });
    await tools().connect(transport);
  }
  if (!transport) return response.status(400).end();
  await transport.handleRequest(request, response, request.body);
});
await new Promise((ready) => createServer(app).listen(process.env.PORT, "127.0.0.1", ready));

// Connect: nothing was said about this server but its address.
const connect = async () => {
  const made = await ask("POST", "/connections", { body: { app: "clock", method: "MCP" } });
  assert.equal(made.body.status, "PENDING", JSON.stringify(made.body));
  await somebody(async (page) => {
    await page.goto(made.body.url);
    await page.getByRole("button", { name: /Continue/ }).click();
    await page.waitForURL((at) => at.href.startsWith(control));
    await page.getByText(/is connected/).first().waitFor();
  });
  const { body } = await ask("GET", `/connections/${made.body.connection_id}`);
  assert.equal(body.connection.status, "ACTIVE", JSON.stringify(body));
  return made.body.connection_id;
};
const id = await connect();
assert.deepEqual(seen.registrations.map(({ redirect_uris }) => redirect_uris), [[`${control}/callback/clock`]]);
assert.deepEqual([...new Set(seen.resources)], [resource], "consent and token were asked for this resource");

// Call: the SDK's client knows the gateway and a key.
const transport = new StreamableHTTPClientTransport(new URL(`${gateway}/clock/v1/mcp`), {
  requestInit: { headers: { authorization: `Bearer ${key}` } },
});
const client = new Client({ name: "test", version: "1.0.0" });
const said = [];
client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void said.push(params.data));
await client.connect(transport);
assert.equal(client.getServerVersion().name, "clock");
assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ["late"]);
await until("the session's own stream", () => seen.sessions, (all) => all.some(([method]) => method === "GET"));
const { content } = await client.callTool({ name: "late", arguments: {} });
assert.deepEqual(content, [{ type: "text", text: "for mcp:tools" }]);
await until("both streams", () => said, (all) => all.length >= 2);
assert.deepEqual(said.toSorted(), ["on the session's own stream", "on this answer's"]);
const ids = new Set(seen.sessions.map(([, session]) => session).filter(Boolean));
assert.deepEqual([...ids], [transport.sessionId], "one session, by its own name");
await transport.terminateSession();
await client.close();

// Once more: the client is known by now. And the end of a connection is told to the server.
const second = await connect();
assert.equal(seen.registrations.length, 1);
for (const one of [id, second]) {
  const { status } = await ask("DELETE", `/connections/${one}`);
  assert.ok(status < 300, `${status}`);
}
await until("revocations", () => seen.revoked, (all) => all.length === 2);

await goHome();
console.log("mcp ok");
process.exit(0);
