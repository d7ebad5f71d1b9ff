//! Every name a template reads has a source, and one that has spoken by the time the template is filled.

use super::{
    Findings,
    uses::{Kind, Stage, Use},
};
use crate::catalog::{
    app::{App, Method},
    auth::Auth,
    field::Source,
    pattern::Pattern,
};

/// A value that templates can name, for one way in.
pub(super) struct Declared<'a> {
    /// What it must match.
    pub(super) pattern: Option<&'a Pattern>,
    /// Who says what it is.
    pub(super) origin: Origin,
    pub(super) secret: bool,
    /// Whether it may have several lines.
    lines: bool,
    missing: bool,
}

/// Who says what a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A `[[field]]`.
    Field(Source),
    /// What the user typed in as a credential.
    Credential,
    /// The operator's OAuth client.
    Client,
    /// A token.
    Token,
    /// Random, for one consent.
    Nonce,
    /// This gateway's own callback.
    Callback,
    /// What is signed here, or told from the key.
    Signed,
}

impl Declared<'_> {
    const fn of(origin: Origin, secret: bool) -> Self {
        Self { pattern: None, origin, secret, lines: false, missing: false }
    }

    /// Whether the value exists by then.
    fn is_known_at(&self, stage: Stage, name: &str) -> bool {
        match self.origin {
            Origin::Nonce => stage == Stage::Consent,
            Origin::Token if name == "refresh_token" => stage == Stage::Renew,
            Origin::Token | Origin::Field(Source::Token) => stage >= Stage::Gather,
            Origin::Signed | Origin::Field(Source::Callback) => stage >= Stage::Exchange,
            Origin::Field(Source::Request) => stage >= Stage::Call,
            Origin::Client
            | Origin::Callback
            | Origin::Credential
            | Origin::Field(Source::User | Source::Operator) => true,
        }
    }
}

/// The source of `name` on one way in.
pub(super) fn declared<'a>(app: &'a App, way: &'a Auth, name: &str) -> Option<Declared<'a>> {
    if let Some(field) = app.fields_of(way.method).find(|field| field.name == name) {
        // What is taken out of another value is said by whoever says that.
        let of =
            field.of.as_deref().filter(|of| app.fields.iter().all(|it| it.name != *of || it.of.is_none()));
        let origin = of.and_then(|of| declared(app, way, of)).map(|source| source.origin);
        return Some(Declared {
            pattern: field.pattern.as_ref(),
            origin: origin.unwrap_or(Origin::Field(field.from)),
            secret: field.secret,
            lines: field.multiline,
            missing: field.optional && field.default.is_none(),
        });
    }
    if let Some(field) = way.fields.iter().find(|field| field.name == name) {
        return Some(Declared {
            pattern: field.pattern.as_ref(),
            origin: Origin::Credential,
            secret: field.secret,
            lines: field.multiline,
            missing: field.optional,
        });
    }
    let has_client = way.client.is_some() || way.register.is_some() || way.mcp.is_some();
    let has_token = way.token.is_some() || way.oauth1.is_some() || way.mcp.is_some();
    let renews = matches!(way.method, Method::Oauth2 | Method::Mcp);
    let (origin, secret) = match name {
        "client_id" if has_client => (Origin::Client, false),
        "client_secret" if has_client => (Origin::Client, true),
        "redirect_uri" if way.register.is_some() => (Origin::Callback, false),
        "nonce" if way.authorize.is_some() => (Origin::Nonce, false),
        "access_token" if has_token => (Origin::Token, true),
        "refresh_token" if has_token && renews => (Origin::Token, true),
        "token_secret" if way.oauth1.is_some() => (Origin::Token, true),
        "jwt" if way.jwt.is_some() => (Origin::Signed, true),
        "key_fingerprint" if way.jwt.is_some() => (Origin::Signed, false),
        _ => return None,
    };
    Some(Declared::of(origin, secret))
}

/// Checks every name of every template.
pub(super) fn check(app: &App, uses: &[Use<'_>], found: &mut Findings) {
    for used in uses {
        if used.kind == Kind::Header {
            let wild = used.template.as_str().contains(|c: char| c != ' ' && !c.is_ascii_graphic());
            found.say_if(wild, &used.at, "a header's value is one line of visible ASCII");
        }
        for name in used.template.names() {
            check_name(app, used, name, found);
        }
    }
}

fn check_name(app: &App, used: &Use<'_>, name: &str, found: &mut Findings) {
    let sources: Vec<_> = used.ways.iter().map(|way| (way.method, declared(app, way, name))).collect();
    // What may be left out has to be known on some way; everything else on every way that fills it.
    let any = used.optional && used.ways.len() > 1;
    if any && sources.iter().any(|(_, source)| source.is_some()) {
        return;
    }
    for (method, source) in sources {
        match source {
            None => found.say(&used.at, format!("${{{name}}} is declared nowhere for {method}")),
            Some(source) if !source.is_known_at(used.stage, name) => {
                found.say(&used.at, format!("${{{name}}} is not known yet at this point"));
            }
            Some(source) if source.secret && used.is_seen() => {
                found.say(&used.at, format!("${{{name}}} is a secret, and the browser is shown this"));
            }
            Some(source) if !source.secret && used.kind == Kind::Key => {
                found.say(&used.at, format!("${{{name}}} is a key: its field has to be secret"));
            }
            Some(source) if source.lines && used.kind != Kind::Key => {
                found.say(&used.at, format!("${{{name}}} may have several lines: only a key can hold them"));
            }
            Some(source) if source.missing && !used.optional => found.say(
                &used.at,
                format!("${{{name}}} may stay empty: give it a default, or let what uses it be optional"),
            ),
            Some(_) => {}
        }
    }
}
