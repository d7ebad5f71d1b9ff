//! A person with a browser at the connect pages: opens links, presses buttons, keeps cookies.

use std::collections::BTreeMap;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{Method, header::SET_COOKIE};
use url::Url;

use super::{http::Reply, world::World};

/// One browser.
pub(crate) struct Visitor<'w> {
    world: &'w World,
    /// By name.
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'w> Visitor<'w> {
    /// A browser that has been nowhere yet.
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, cookies: BTreeMap::new() }
    }

    /// Opens the link of a connection and presses *Continue*, with these inputs filled in: where that leads.
    pub(crate) async fn press(&mut self, link: &str, inputs: &[(&str, &str)]) -> Reply {
        let page = self.open(link).await;
        assert_eq!(page.status, 200, "{}", page.text());
        self.post(page.text(), inputs).await
    }

    /// Presses *Continue* on a page that was opened before.
    pub(crate) async fn post(&mut self, page: &str, inputs: &[(&str, &str)]) -> Reply {
        let mut form = Serializer::new(String::new());
        for name in ["connection_id", "csrf", "method"] {
            form.append_pair(name, hidden(page, name));
        }
        for (name, value) in inputs {
            form.append_pair(&format!("f.{name}"), value);
        }
        let form = form.finish();
        self.send(Method::POST, "/connect", &[("content-type", "application/x-www-form-urlencoded")], form)
            .await
    }

    /// Opens the link of a connection and goes on to the provider: the URL of the consent page.
    pub(crate) async fn leave(&mut self, link: &str, inputs: &[(&str, &str)]) -> Url {
        let reply = self.press(link, inputs).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply.header("location").unwrap().parse().unwrap()
    }

    /// Comes back from the consent page of `app` with its `state` and these parameters: the page about it.
    pub(crate) async fn come_back(&mut self, app: &str, consent: &Url, query: &[(&str, &str)]) -> Reply {
        let state = parameter(consent, "state").unwrap();
        let query = Serializer::new(String::new()).extend_pairs(query).append_pair("state", &state).finish();
        self.open(&format!("/callback/{app}?{query}")).await
    }

    /// Opens a page of the control door and follows where it leads, as long as that is at the control door.
    pub(crate) async fn open(&mut self, url: &str) -> Reply {
        let mut reply = self.send(Method::GET, &self.path(url), &[], "").await;
        while let Some(next) = reply.header("location").filter(|next| next.starts_with('/')) {
            let next = next.to_owned();
            reply = self.send(Method::GET, &next, &[], "").await;
        }
        reply
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = pairs.join("; ");
        let mut all = headers.to_vec();
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        let reply = self.world.http.call(method, &self.world.at_control(path), &all, body).await;
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What follows the origin, which in links is the public one.
    fn path(&self, url: &str) -> String {
        let public = format!("http://localhost:{}", self.world.control.port());
        url.strip_prefix(&public).unwrap_or(url).to_owned()
    }
}

/// The value of a hidden input.
#[track_caller]
fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no input {name}:\n{page}"));
    rest.split_once('"').unwrap().0
}

/// A parameter of a URL's query, decoded.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
