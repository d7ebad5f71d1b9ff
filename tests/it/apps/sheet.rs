//! A record as a page to read: what an app's provider gets to see, step by step, without what is random.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyferry::catalog::{Auth, app::App};
use serde_json::{Map, Value};

use super::{
    params::{jwt, of_request, of_url},
    stage::{Record, Visit, line},
    way::Table,
};
use crate::harness::upstream::Seen;

/// The page of an app, from those of its ways.
pub(super) fn page(app: &App, ways: &[String]) -> String {
    format!("{}\n{}", app.display_name, ways.concat())
}

/// One way in.
pub(super) fn way(way: &Auth, visit: &Visit, record: &Record) -> String {
    let mut sheet = Sheet { text: format!("\n{}\n", way.method), redirect_uri: record.redirect_uri.clone() };
    for (name, value) in visit.fields.iter().chain(&visit.typed) {
        let _ = writeln!(sheet.text, "  given   {name}: {}", value.lines().next().unwrap_or_default());
    }
    if let Some(consent) = &record.consent {
        let before = record.asked.iter().take_while(|seen| is_before_consent(seen));
        let (asked, behind) = record.asked.split_at(before.count());
        for seen in asked {
            sheet.request("asks", seen);
        }
        let (page, params) = of_url(consent);
        sheet.step("page", &page);
        sheet.params(&params);
        for seen in behind {
            sheet.request("asks", seen);
        }
    } else {
        for seen in &record.asked {
            sheet.request("asks", seen);
        }
    }
    for (call, (seen, refused)) in visit.calls.iter().zip(&record.calls) {
        sheet.step("call", call);
        if let Some(reason) = refused {
            sheet.step("refused", reason);
        }
        for seen in seen {
            sheet.request("->", seen);
        }
    }
    for seen in record.renewal.iter().take(record.renewal.len().saturating_sub(1)) {
        sheet.request("renews", seen);
    }
    for seen in &record.ending {
        sheet.request("ends", seen);
    }
    sheet.text
}

/// Discovery, registration and the first leg of OAuth 1.0a come before the page.
fn is_before_consent(seen: &Seen) -> bool {
    let target = seen.target();
    target.starts_with("/.well-known/") || target == "/register" || target.ends_with("/apps") || {
        let header = seen.header("authorization").unwrap_or_default();
        header.starts_with("OAuth") && header.contains("oauth_callback")
    }
}

struct Sheet {
    text: String,
    redirect_uri: String,
}

impl Sheet {
    fn step(&mut self, what: &str, line: &str) {
        let line = self.plain(line);
        let _ = writeln!(self.text, "  {what:<8}{line}");
    }

    /// A request: its fields with `>`, its parameters without.
    fn request(&mut self, what: &str, seen: &Seen) {
        let line = line(seen);
        let is_call = what == "->";
        self.step(what, if is_call { &line } else { line.split('?').next().unwrap() });
        let mut fields: Vec<&str> = seen.head.lines().skip(1).filter(|line| !line.is_empty()).collect();
        fields.retain(|field| {
            let name = field.split(':').next().unwrap().to_ascii_lowercase();
            !matches!(name.as_str(), "host" | "x-mine" | "content-length")
        });
        fields.sort_unstable();
        for field in fields {
            let field = if field.starts_with("x-amz-date:") { "x-amz-date: <now>" } else { field };
            let field = readable(&self.plain(field));
            let _ = writeln!(self.text, "          > {field}");
        }
        if !is_call {
            self.params(&of_request(seen));
        }
    }

    fn params(&mut self, params: &Table) {
        for (name, value) in params {
            let value = self.plain(value);
            let _ = writeln!(self.text, "          {name}: {value}");
        }
    }

    /// A text without what is another one each time.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.redirect_uri, "<redirect_uri>");
        let encoded: String = form_urlencoded::byte_serialize(self.redirect_uri.as_bytes()).collect();
        let text = text.replace(&encoded, "<redirect_uri>");
        let text = text.replace(concat!("keyferry/", env!("CARGO_PKG_VERSION")), "keyferry/<version>");
        if is_random(&text) {
            return "<random>".to_owned();
        }
        let words = text.split(' ').map(|word| match jwt(word) {
            Some((header, claims)) => format!("<jwt {} {}>", header_text(&header), claims_text(&claims)),
            None => word.to_owned(),
        });
        let text = words.collect::<Vec<_>>().join(" ");
        if text.contains("OAuth ") || text.contains("AWS4-HMAC-SHA256") { signed(&text) } else { text }
    }
}

/// What Basic hides.
fn readable(field: &str) -> String {
    let inner = field.split_once(": Basic ").and_then(|(name, text)| {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        Some(format!("{name}: Basic <{text}>"))
    });
    inner.unwrap_or_else(|| field.to_owned())
}

/// State, verifier, challenge and nonce are 43 letters.
fn is_random(text: &str) -> bool {
    text.len() == 43 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn header_text(header: &Map<String, Value>) -> String {
    Value::Object(header.clone()).to_string()
}

/// Claims with times as they are to each other.
fn claims_text(claims: &Map<String, Value>) -> String {
    let issued = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
    let mut claims = claims.clone();
    for (name, value) in &mut claims {
        match name.as_str() {
            "iat" => *value = "<now>".into(),
            "exp" | "nbf" => {
                *value = format!("<now> + {}", value.as_i64().unwrap_or_default() - issued).into();
            }
            "jti" => *value = "<random>".into(),
            _ => {}
        }
    }
    Value::Object(claims).to_string()
}

/// A signature's own parts left out: nonce, time and the signature itself.
fn signed(text: &str) -> String {
    let parts = text.split(", ").map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name {
            _ if name.ends_with("oauth_nonce")
                || name.ends_with("oauth_timestamp")
                || name.ends_with("oauth_signature") =>
            {
                format!("{name}=\"<{}>\"", name.rsplit('_').next().unwrap())
            }
            "Signature" => "Signature=<signature>".to_owned(),
            _ if name.ends_with("Credential") => format!("{name}={}", dateless(value)),
            _ => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A credential scope without its day.
fn dateless(scope: &str) -> String {
    let mut parts: Vec<&str> = scope.split('/').collect();
    if let Some(day) = parts.get_mut(1) {
        *day = "<day>";
    }
    parts.join("/")
}
