//! A browser without script: keeps cookies, follows redirects within the door, fills forms in.

use std::{cell::RefCell, collections::BTreeMap};

use http::Method;
use serde_json::Value;

use super::{
    http::{Http, Reply},
    world::World,
};

/// The browser.
pub(crate) struct Browser {
    http: Http,
    /// The control door, without a slash at the end.
    door: String,
    pub(crate) cookies: RefCell<BTreeMap<String, String>>,
}

/// A page, and where it was found.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) reply: Reply,
}

impl Browser {
    pub(crate) fn new(world: &World) -> Self {
        Self::at(world.at_control(""))
    }

    /// One that knows no other door.
    pub(crate) fn at(door: String) -> Self {
        Self { http: Http::default(), door, cookies: RefCell::default() }
    }

    /// One request with this browser's cookies.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut all = vec![("accept", "text/html"), ("cookie", cookies.as_str())];
        all.extend(headers);
        let reply = self.http.call(method, &format!("{}{path}", self.door), &all, body.to_owned()).await;
        for line in reply.headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// Opens a path and follows redirects and immediate refreshes that stay at this door.
    pub(crate) async fn open(&self, path: &str) -> Page {
        let mut path = path.to_owned();
        for _ in 0..5 {
            let reply = self.send(Method::GET, &path, &[], "").await;
            let next = reply.header("location").or_else(|| reply.header("refresh")?.strip_prefix("0; url="));
            match next.filter(|next| next.starts_with('/')) {
                Some(next) => path = next.to_owned(),
                None => return Page { path, reply },
            }
        }
        panic!("{path} redirects without end");
    }

    /// Opens the connect link of a connection.
    pub(crate) async fn open_link(&self, connection: &Value) -> Page {
        self.open(&link(connection)).await
    }

    /// Presses the button of a page after typing these values in; what the door answers.
    pub(crate) async fn press(&self, page: &Page, typed: &[(&str, &str)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in page.hidden() {
            form.append_pair(&name, &value);
        }
        for (name, value) in typed {
            form.append_pair(&format!("f.{name}"), value);
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, &page.action(), &headers, &form.finish()).await
    }

    /// Opens the connect link of a connection and presses the button: the URL of the provider's consent page.
    pub(crate) async fn leave(&self, connection: &Value) -> String {
        let page = self.open_link(connection).await;
        assert_eq!(page.reply.status, 200, "{}", page.text());
        let reply = self.press(&page, &[]).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply.header("location").unwrap().to_owned()
    }

    /// Comes back from the consent page of `app` with its `state` (OAuth 1.0a has its token for that) and what the provider
    /// adds: the page about it.
    pub(crate) async fn come_back(&self, app: &str, consent: &str, added: &[(&str, &str)]) -> Page {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let state =
            ["state", "oauth_token"].into_iter().find_map(|name| Some((name, parameter(consent, name)?)));
        query.extend_pairs(state).extend_pairs(added);
        self.open(&format!("/callback/{app}?{}", query.finish())).await
    }
}

impl Page {
    pub(crate) fn text(&self) -> &str {
        self.reply.text()
    }

    fn action(&self) -> String {
        between(self.text(), "action=\"", "\"").to_owned()
    }

    /// The hidden values of the form.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        let inputs = self.text().split("<input type=\"hidden\" ").skip(1);
        inputs
            .map(|input| {
                (between(input, "name=\"", "\"").to_owned(), between(input, "value=\"", "\"").to_owned())
            })
            .collect()
    }
}

/// Path and query of a connection's link.
pub(crate) fn link(connection: &Value) -> String {
    let url = connection["url"].as_str().unwrap();
    let (_, path) = url.split_once("://").unwrap().1.split_once('/').unwrap();
    format!("/{path}")
}

/// The text from behind `start` to before `end`.
#[track_caller]
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap().0
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}
