// A certified OAuth server (npm oidc-provider): PKCE demanded, refresh tokens rotate, and one that is used twice ends its
// grant. Beside it an API that asks it about each token. Accounts are whatever is typed in at its login page.
import Provider from "oidc-provider";

// How long the first access token lives, so that there is something to renew, and every later one.
const SECONDS = [4, 3600];

export async function start({ port, clientId, clientSecret, redirectUri }) {
  const told = [];
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    pkce: { required: () => true },
    scopes: ["openid", "offline_access", "read"],
    features: { revocation: { enabled: true } },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: () => SECONDS[told.length === 0 ? 0 : 1],
      RefreshToken: 3600,
      Grant: 3600,
      Session: 3600,
      Interaction: 600,
      IdToken: 600,
    },
    cookies: { keys: ["for this run only"] },
  });

  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === "/token") told.push({ asked: { ...ctx.oidc.params }, status: ctx.status, answer: ctx.body });
  });

  // The API: whose token it is, and how the request arrived.
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/api/")) return next();
    const [scheme, value] = (ctx.get("authorization") || "").split(" ");
    const token = scheme === "Bearer" ? await provider.AccessToken.find(value) : undefined;
    if (!token || token.isExpired) {
      ctx.status = 401;
      ctx.set("www-authenticate", 'Bearer error="invalid_token"');
      ctx.body = { error: "invalid_token" };
      return;
    }
    ctx.body = { sub: token.accountId, email: `${token.accountId}@example.com`, path: ctx.path, query: ctx.querystring };
  });

  const server = provider.listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  return told;
}
