// An upstream on Node's http: says what it heard, to the byte, and answers in ways that others can't.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const odd = {
  "/chunks": (response) => {
    for (const size of [1, 2, 70_000, 3]) response.write("x".repeat(size));
    response.end();
  },
  "/twice": (response) =>
    response.writeHead(200, ["X-Twice", "1", "Vary", "a", "x-twice", "2", "WWW-Authenticate", "Basic", "Vary", "b"]).end("x"),
  "/hints": (response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("after the hints");
  },
  "/until-close": (response) => {
    response.removeHeader("transfer-encoding");
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { "content-type": "text/plain" });
    response.end("until the connection ends");
  },
  "/latin1": (response) => response.writeHead(200, { "x-latin": "caf\u00e9 \u00fc" }).end("x"),
};

createServer((request, response) => {
  const [, status] = request.url.match(/^\/status\/(\d+)$/) ?? [];
  if (status) return response.writeHead(Number(status), "Said so").end(status);
  if (odd[request.url]) return odd[request.url](response);
  const [hash, heard] = [createHash("sha256"), { size: 0 }];
  request.on("data", (piece) => {
    hash.update(piece);
    heard.size += piece.length;
  });
  request.on("end", () => {
    const { method, url, rawHeaders } = request;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method, url, rawHeaders, ...heard, hash: hash.digest("hex") }));
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
