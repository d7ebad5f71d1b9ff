//! The pages' templates and what each of them shows. Escaping is askama's; nothing here is marked as safe.
//!
//! In a template `t` is the page's frame, which speaks its language: no template has words of its own.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{frame::Frame, headers, monogram::Monogram, scopes::ScopeLine, words::Words};

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
pub(super) fn steps(words: &Words, app: Option<&str>, now: usize) -> Vec<Step> {
    let middle = app.map(|app| words.with("step-sign-in", &[("app", app)]));
    let labels = std::iter::once(words.say("step-review")).chain(middle).chain([words.say("step-done")]);
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

/// How a value is typed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// In one line.
    #[default]
    Text,
    /// In one line of dots.
    Secret,
    /// In several lines: keys that come as a file.
    Lines,
}

/// One input of the form.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) id: String,
    /// The name it is posted under.
    pub(super) posted_as: String,
    pub(super) label: String,
    /// The language of the label: an app's file is in English.
    pub(super) lang: &'static str,
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
    pub(super) kind: Kind,
    pub(super) longest: usize,
    /// Where the keyboard begins.
    pub(super) focus: bool,
}

/// Where everything is named that will be shared, and with whom.
#[derive(Template)]
#[template(path = "connect.html", config = "src/web/askama.toml")]
pub(super) struct ConnectPage {
    pub(super) t: Frame,
    pub(super) steps: Vec<Step>,
    pub(super) app: Monogram,
    pub(super) owner: Monogram,
    /// An existing connection gets a new grant.
    pub(super) again: bool,
    /// The owner has to confirm what was connected.
    pub(super) confirms: bool,
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

impl ConnectPage {
    /// Something has to be changed before it goes on.
    fn is_wrong(&self) -> bool {
        self.notice.is_some() || self.fields.iter().any(|field| field.wrong.is_some())
    }

    /// What this page is about.
    fn heading(&self) -> String {
        let key = if self.again { "connect-again-title" } else { "connect-title" };
        self.t.with(key, &[("app", &self.app.name)])
    }
}

/// One account or site to pick.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) label: String,
    /// Where the keyboard begins.
    pub(super) focus: bool,
}

/// Which of several is meant.
#[derive(Template)]
#[template(path = "choose.html", config = "src/web/askama.toml")]
pub(super) struct ChoosePage {
    pub(super) t: Frame,
    pub(super) steps: Vec<Step>,
    pub(super) app: Monogram,
    pub(super) owner: Monogram,
    /// What is to be picked, as the app's file calls it.
    pub(super) label: String,
    pub(super) candidates: Vec<Candidate>,
    /// Nothing was picked.
    pub(super) wrong: bool,
    pub(super) ticket: String,
    pub(super) csrf: String,
}

/// What the owner has to do before a connection works.
#[derive(Debug)]
pub(super) struct Waiting {
    /// It is another account than before.
    pub(super) other: bool,
    /// The call that confirms.
    pub(super) call: String,
}

/// Whose account it is: the name people know it by, and what else tells it from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) more: Vec<String>,
}

/// The account is connected.
#[derive(Template)]
#[template(path = "success.html", config = "src/web/askama.toml")]
pub(super) struct SuccessPage {
    pub(super) t: Frame,
    pub(super) steps: Vec<Step>,
    pub(super) app: Monogram,
    pub(super) owner: String,
    pub(super) account: Option<Account>,
    pub(super) connection_name: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) granted: Vec<ScopeLine>,
    pub(super) missing: Vec<ScopeLine>,
    pub(super) waiting: Option<Waiting>,
    /// The provider could not be asked whose account it is.
    pub(super) unprobed: bool,
}

impl SuccessPage {
    fn heading(&self) -> String {
        match self.waiting {
            Some(_) => self.t.with("done-waits-title", &[("owner", &self.owner)]),
            None => self.t.with("done-title", &[("app", &self.app.name)]),
        }
    }
}

/// It did not work, and what to do.
#[derive(Template)]
#[template(path = "failure.html", config = "src/web/askama.toml")]
pub(super) struct FailurePage {
    pub(super) t: Frame,
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
    t: Frame,
}

/// What this is.
#[derive(Template)]
#[template(path = "home.html", config = "src/web/askama.toml")]
struct HomePage<'a> {
    t: Frame,
    gateway: &'a str,
}

/// On the way to another origin.
#[derive(Template)]
#[template(path = "away.html", config = "src/web/askama.toml")]
pub(super) struct AwayPage<'a> {
    t: Frame,
    title: String,
    url: &'a str,
}

/// The page that leads on to `url`, which people know as `place`.
pub(super) fn away<'a>(words: &Words, place: &str, url: &'a str) -> AwayPage<'a> {
    AwayPage { title: words.with("away-title", &[("place", place)]), t: Frame::once(words), url }
}

/// The page of links that do nothing.
pub(super) fn gone(words: &Words) -> Response {
    show(StatusCode::NOT_FOUND, &GonePage { t: Frame::new(words) })
}

/// The page at the root.
pub(super) fn home(words: &Words, gateway: &str) -> Response {
    show(StatusCode::OK, &HomePage { t: Frame::new(words), gateway })
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
pub(super) mod tests;
