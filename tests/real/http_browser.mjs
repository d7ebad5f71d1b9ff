// As much of a browser as forms need: cookies, redirects followed by hand, and the one form of a page.

const unescaped = (text) =>
  text.replace(/&(amp|lt|gt|quot|#x27|#39|#x2F);/gi, (_, name) => {
    const known = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", "#39": "'", "#x2f": "/" };
    return known[name.toLowerCase()];
  });

const attribute = (tag, name) => {
  const found = tag.match(new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i"));
  return found ? unescaped(found[1] ?? found[2] ?? found[3]) : undefined;
};

export class Browser {
  // Cookies are kept by name alone: ports share them in real browsers too, and nothing here runs on two hosts.
  cookies = new Map();

  async load(url, options = {}) {
    for (let hops = 0; hops < 20; hops += 1) {
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { ...options.headers, ...(cookie && { cookie }), accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      const response = await fetch(url, { ...options, headers, redirect: "manual" });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || !location) {
        return { url: String(url), status: response.status, headers: response.headers, html: await response.text() };
      }
      await response.body?.cancel();
      url = new URL(location, url);
      options = {};
    }
    throw new Error(`redirected in circles at ${url}`);
  }

  // Sends the page's form, the hidden fields as they are and these values over them.
  async submit(page, values = {}, at = 0) {
    const form = [...page.html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)].map(([text]) => text)[at];
    if (!form) throw new Error(`no form at ${page.url}:\n${page.html}`);
    const fields = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input\b[^>]*>/gi)) {
      const name = attribute(tag, "name");
      if (name && !(name in values)) fields.append(name, attribute(tag, "value") ?? "");
    }
    for (const [name, value] of Object.entries(values)) fields.append(name, value);
    const action = new URL(attribute(form, "action") ?? page.url, page.url);
    const headers = { "content-type": "application/x-www-form-urlencoded", origin: new URL(page.url).origin, "sec-fetch-site": "same-origin" };
    return this.load(action, { method: "POST", body: fields.toString(), headers });
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(";");
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    const ended = attributes.some((each) => /^\s*(max-age=0|expires=.*1970)/i.test(each));
    if (ended || value === "") this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
