//! The pages' templates and what each of them shows. Escaping is askama's; nothing here is marked as safe.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{
    assets::{ASSETS, Assets},
    headers,
    monogram::Monogram,
    scopes::ScopeLine,
};

/// One of the numbered steps above the card.
#[derive(Debug)]
pub(super) struct Step {
    /// What happens in it.
    pub(super) label: String,
    /// Done already.
    pub(super) past: bool,
    /// Where one is.
    pub(super) now: bool,
}

/// The steps of a connect, `now` counting from 0; with `app`, one of them happens there.
pub(super) fn steps(app: Option<&str>, now: usize) -> Vec<Step> {
    let middle = app.map(|app| format!("Sign in at {app}"));
    let labels = std::iter::once("Review".to_owned()).chain(middle).chain(["Done".to_owned()]);
    labels.enumerate().map(|(at, label)| Step { label, past: at < now, now: at == now }).collect()
}

/// One way to connect, as a link that shows its form.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) href: String,
    pub(super) label: String,
    pub(super) now: bool,
}

/// One value to choose.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

/// One input of the form.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) id: String,
    /// The name it is posted under.
    pub(super) posted_as: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
    pub(super) example: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) title: Option<String>,
    /// What to say when the browser finds it wrong.
    pub(super) advice: String,
    /// What the server found wrong.
    pub(super) wrong: Option<String>,
    /// Never the value of a secret one.
    pub(super) value: String,
    pub(super) choices: Vec<Choice>,
    pub(super) required: bool,
    pub(super) secret: bool,
    pub(super) longest: usize,
}

/// Where everything is named that will be shared, and with whom.
#[derive(Template)]
#[template(path = "connect.html", config = "src/web/askama.toml")]
pub(super) struct ConnectPage {
    pub(super) assets: &'static Assets,
    pub(super) steps: Vec<Step>,
    pub(super) app: Monogram,
    pub(super) owner: Monogram,
    /// An existing connection gets a new grant.
    pub(super) again: bool,
    pub(super) notice: Option<String>,
    pub(super) connection_name: Option<String>,
    /// Whose account it was until now.
    pub(super) account: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) ways: Vec<Way>,
    pub(super) scopes: Vec<ScopeLine>,
    pub(super) connection_id: String,
    pub(super) csrf: String,
    pub(super) method: &'static str,
    pub(super) fields: Vec<Input>,
    /// Where typed-in credentials are found.
    pub(super) find: Option<String>,
    /// The form leads to the provider; else credentials are typed in here.
    pub(super) leaves: bool,
    /// The host it leads to, where it is known already.
    pub(super) leaves_to: Option<String>,
}

/// The account is connected.
#[derive(Template)]
#[template(path = "success.html", config = "src/web/askama.toml")]
pub(super) struct SuccessPage {
    pub(super) assets: &'static Assets,
    pub(super) steps: Vec<Step>,
    pub(super) app: Monogram,
    pub(super) owner: String,
    pub(super) account: Option<String>,
    pub(super) connection_name: Option<String>,
    /// The owner has to confirm first.
    pub(super) waiting: bool,
    pub(super) note: Option<String>,
}

/// It did not work, and what to do.
#[derive(Template)]
#[template(path = "failure.html", config = "src/web/askama.toml")]
pub(super) struct FailurePage {
    pub(super) assets: &'static Assets,
    pub(super) title: String,
    pub(super) what: String,
    /// The provider's own words, shortened.
    pub(super) said: Option<String>,
    /// The word for it, for whoever helps.
    pub(super) reason: Option<String>,
    pub(super) who: String,
    pub(super) advice: String,
    pub(super) retry: Option<String>,
    pub(super) request_id: String,
}

/// A link that does nothing: expired, used and unknown ones look alike.
#[derive(Template)]
#[template(path = "gone.html", config = "src/web/askama.toml")]
struct GonePage {
    assets: &'static Assets,
}

/// What this is.
#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct HomePage<'a> {
    assets: &'static Assets,
    gateway: &'a str,
}

/// On the way to another origin.
#[derive(Template)]
#[template(path = "away.html", config = "src/web/askama.toml")]
pub(super) struct AwayPage<'a> {
    assets: &'static Assets,
    name: &'a str,
    url: &'a str,
}

/// The page that leads on to `url`.
pub(super) fn away<'a>(name: &'a str, url: &'a str) -> AwayPage<'a> {
    AwayPage { assets: &ASSETS, name, url }
}

/// The page of links that do nothing.
pub(super) fn gone() -> Response {
    show(StatusCode::NOT_FOUND, &GonePage { assets: &ASSETS })
}

/// The page at the root.
pub(super) fn home(gateway: &str) -> Response {
    show(StatusCode::OK, &HomePage { assets: &ASSETS, gateway })
}

/// A page whose form leads to its own origin only.
pub(super) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page whose form may lead on to `form_action`.
pub(super) fn show_form(status: StatusCode, page: &impl Template, form_action: Option<&str>) -> Response {
    let mut response = show(status, page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, headers::policy(form_action));
    response
}

#[cfg(test)]
mod tests;
