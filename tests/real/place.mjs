// Where the gateway under test is, for the scripts beside this file.

export const { KEYFERRY_GATEWAY: gateway, KEYFERRY_CONTROL: control, KEYFERRY_KEY: key } = process.env;

export async function ask(method, path, { body, base = control, headers = {} } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

// Asks until the answer is as wished; fails with the last answer when it never is.
export async function until(what, question, wish, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (wish(answer)) return answer;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(answer.body ?? answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
