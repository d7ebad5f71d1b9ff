//! Where requests go: every URL is https, no value can leave its place in one, and a host that is shown a secret is
//! named by the file, not by whoever fills in a form.

use super::{
    Findings,
    language::{pinned, stray},
    names::{Declared, Origin, declared},
    uses::{Kind, Stage, Use},
};
use crate::catalog::{
    app::App,
    auth::{Auth, Sign},
    field::Source,
    pattern::Pattern,
    template::{Piece, Template, Values},
};

/// Checks every URL.
pub(super) fn check(app: &App, uses: &[Use<'_>], plain_http: bool, found: &mut Findings) {
    for used in uses.iter().filter(|used| used.is_url()) {
        if let Err(problem) = written_well(used, plain_http) {
            found.say(&used.at, problem);
            continue;
        }
        for way in &used.ways {
            if let Err(problem) = check_values(app, used, way, plain_http) {
                found.say(&used.at, problem);
                break;
            }
        }
    }
}

/// What can be told from the text alone.
fn written_well(used: &Use<'_>, plain_http: bool) -> Result<(), String> {
    let text = used.template.as_str();
    if used.kind == Kind::Probe && text.starts_with('/') {
        return Ok(());
    }
    let http = text.starts_with("http://");
    if http && !plain_http {
        return Err(
            "http is refused unless the settings say egress.plain_http = true; write https".to_owned()
        );
    }
    if !http && !text.starts_with("https://") && !is_whole_url(used.template) {
        return Err(format!("{text:?} is no absolute https URL"));
    }
    // A browser may be sent into a fragment (`/#/oauth/authorize`); nothing else can be.
    if text.contains('#') && used.stage != Stage::Consent {
        return Err("a URL that is called has no fragment".to_owned());
    }
    if used.kind == Kind::Base && text.contains('?') {
        return Err("a base has no query: the caller's path is put behind it".to_owned());
    }
    let filled = used.template.fill(&Sample).map_err(|missing| missing.to_string())?;
    let filled = if is_whole_url(used.template) { format!("https://{filled}") } else { filled };
    let uri: http::Uri = filled.parse().map_err(|error| format!("{text:?} is no URL: {error}"))?;
    match uri.authority() {
        Some(authority) if !authority.as_str().contains('@') && !authority.host().is_empty() => Ok(()),
        _ => Err(format!("{text:?} names no host")),
    }
}

/// Fills every placeholder with a harmless letter.
struct Sample;

impl Values for Sample {
    fn value(&self, _name: &str) -> Option<&str> {
        Some("x")
    }
}

/// Whether one placeholder stands for scheme and host together.
fn is_whole_url(template: &Template) -> bool {
    template.as_str().starts_with("${")
}

/// What depends on the fields the URL reads.
fn check_values(app: &App, used: &Use<'_>, way: &Auth, plain_http: bool) -> Result<(), String> {
    let hosts = used.template.authority_names();
    for name in used.template.names() {
        let Some(source) = declared(app, way, name) else { continue };
        let in_host = hosts.contains(&name);
        if in_host && is_whole_url(used.template) {
            check_whole_url(name, &source, plain_http)?;
        } else if in_host {
            check_value(name, &source, is_host_char, "a host")?;
        } else if !matches!(source.origin, Origin::Client | Origin::Field(Source::Operator)) {
            check_value(name, &source, is_segment_char, "a URL")?;
        }
        let token = source.origin == Origin::Token || (in_host && source.secret);
        if token {
            return Err(format!("${{{name}}} is a secret, and URLs get shown"));
        }
    }
    let outside = hosts.iter().any(|name| declared(app, way, name).is_some_and(|source| is_outside(&source)));
    if used.template.as_str().starts_with('/') {
        return Ok(());
    }
    let why = if way.client.is_some() {
        "it is shown the operator's client, or tokens that people gave to this gateway"
    } else if carries_operators(app, way) {
        "it is shown what belongs to the operator"
    } else if outside {
        "the value comes from outside"
    } else {
        return Ok(());
    };
    if pinned(&host_pattern(app, way, used.template)) {
        return Ok(());
    }
    Err(format!("the host has to end in a domain that this file writes out, because {why}"))
}

/// Whether requests of this way carry a secret of the operator's.
fn carries_operators(app: &App, way: &Auth) -> bool {
    let written =
        app.injects().map(|inject| &inject.value).chain(app.headers.values()).chain(app.query.values());
    let signed = way.sign.iter().flat_map(Sign::templates).map(|(_, template)| template);
    let is_operators = |name: &str| {
        declared(app, way, name)
            .is_some_and(|source| source.secret && source.origin == Origin::Field(Source::Operator))
    };
    written.chain(signed).any(|template| template.names().any(is_operators))
}

/// Whether somebody else than the user or the operator says it.
fn is_outside(source: &Declared<'_>) -> bool {
    matches!(source.origin, Origin::Field(Source::Token | Source::Callback | Source::Request))
}

fn check_value(
    name: &str,
    source: &Declared<'_>,
    allowed: fn(char) -> bool,
    place: &str,
) -> Result<(), String> {
    let Some(pattern) = source.pattern else {
        return Err(format!("${{{name}}} stands in {place}: its field needs a pattern"));
    };
    match stray(pattern.inner(), allowed)? {
        Some(stray) => Err(format!(
            "${{{name}}} stands in {place}, and its pattern lets {stray:?} through; write out what may stand there"
        )),
        None => Ok(()),
    }
}

fn check_whole_url(name: &str, source: &Declared<'_>, plain_http: bool) -> Result<(), String> {
    let pattern = source.pattern.map(Pattern::inner);
    let Some(rest) = pattern.and_then(|pattern| after_scheme(pattern, plain_http)) else {
        return Err(format!("${{{name}}} is a whole URL: its pattern has to start with ^https://"));
    };
    match stray(rest, is_url_char)? {
        Some(stray) => Err(format!("${{{name}}} is a whole URL, and its pattern lets {stray:?} through")),
        None => Ok(()),
    }
}

fn after_scheme(pattern: &str, plain_http: bool) -> Option<&str> {
    let plain = || pattern.strip_prefix("http://").or_else(|| pattern.strip_prefix("https?://"));
    pattern.strip_prefix("https://").or_else(|| plain().filter(|_| plain_http))
}

/// All hosts the URL may have, as one pattern.
fn host_pattern(app: &App, way: &Auth, template: &Template) -> String {
    let is_operators = |name: &str| {
        declared(app, way, name).is_some_and(|source| source.origin == Origin::Field(Source::Operator))
    };
    let inner = |name: &str| declared(app, way, name)?.pattern.map(Pattern::inner);
    let piece = |piece: Piece<'_>| match piece {
        Piece::Text(text) => regex_syntax::escape(text),
        // An operator who runs the upstream may say where it is: the client that is shown there is the operator's.
        Piece::Name(name) if is_operators(name) => regex_syntax::escape("the.operators.host"),
        Piece::Name(name) => {
            let pattern = inner(name).unwrap_or(".*");
            let host = after_scheme(pattern, true).map(|url| url.split('/').next().unwrap_or(url));
            format!("(?:{})", host.unwrap_or(pattern))
        }
    };
    template.authority_pieces().into_iter().map(piece).collect()
}

fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// RFC 3986 `pchar` without percent-encoding: what can stand in one segment and means only itself.
fn is_segment_char(c: char) -> bool {
    is_host_char(c) || matches!(c, '~' | ':' | '@' | '!' | '$' | '\'' | '(' | ')' | '*' | '+' | ',' | ';')
}

fn is_url_char(c: char) -> bool {
    is_host_char(c) || matches!(c, ':' | '/' | '~')
}
