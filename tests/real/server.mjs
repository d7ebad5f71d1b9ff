// What anybody can ask an OAuth server of the standard for: whoever stole a refresh token, whoever holds an access token.

const as = ([id, secret]) => `Basic ${Buffer.from([id, secret].map(encodeURIComponent).join(":")).toString("base64")}`;

export const at = ({ token, api, basic }) => ({
  async redeem(refreshToken) {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken });
    const response = await fetch(token, { method: "POST", body, headers: { authorization: as(basic) } });
    return { status: response.status, body: await response.json() };
  },

  async takes(accessToken) {
    const response = await fetch(api, { headers: { authorization: `Bearer ${accessToken}` } });
    await response.body?.cancel();
    return response.ok;
  },
});
