// A certified OAuth server (npm oidc-provider): PKCE demanded, refresh tokens rotate and are used once, access tokens
// live for seconds. Beside it an API that asks it about each token. Accounts are whatever is typed in at its login page.
import { createHash } from "node:crypto";
import Provider from "oidc-provider";

const ACCESS_TOKEN_LIFE = 8;

export async function start({ port, clientId, clientSecret, redirectUri }) {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
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
    ttl: { AccessToken: ACCESS_TOKEN_LIFE, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 600 },
    cookies: { keys: ["for this run only"] },
  });

  const seen = { refreshes: 0, refused: [], revoked: 0, grants: new Set() };
  provider.on("grant.success", (ctx) => {
    seen.refreshes += ctx.oidc.params.grant_type === "refresh_token" ? 1 : 0;
    seen.grants.add(ctx.oidc.entities.Grant?.jti);
  });
  provider.on("grant.error", (_, error) => seen.refused.push(error.error));
  provider.on("refresh_token.destroyed", () => (seen.revoked += 1));

  // The API: who the token belongs to, and which token it was, so that a refresh shows.
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
    const email = `${token.accountId}@example.com`;
    const mark = createHash("sha256").update(value).digest("hex");
    ctx.body = { sub: token.accountId, email, mark, path: ctx.path, query: ctx.querystring };
  });

  const server = provider.listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  return {
    seen,
    // What a user does at the provider's own account page: ends everything that was granted.
    async endGrants() {
      for (const id of seen.grants) {
        await provider.AccessToken.revokeByGrantId?.(id);
        await provider.RefreshToken.revokeByGrantId?.(id);
      }
      seen.grants.clear();
    },
    stop: () => server.close(),
  };
}
