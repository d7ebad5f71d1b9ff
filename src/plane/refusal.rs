//! Every reason of the data plane to say no, and the one place where a reason becomes status, fields and text.
//!
//! Each text says what to do next. None shows a secret, an address, an upstream's URL or an error of the inside.

mod connection;
mod upstream;

use http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::{
    catalog::Catalog,
    connections::{ChooseError, CredentialError, Fault},
    keys::Rule,
    limits::{LimitReason, Limited},
    net::{SendError, problem::Problem},
    sign::Unsignable,
};

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request can't be served as it is.
    BadRequest(String),
    /// No app of this name.
    AppUnknown {
        /// What stood there.
        name: String,
        /// Names like it.
        nearest: Vec<String>,
    },
    /// No credential.
    KeyMissing,
    /// A credential that is no key, or a key nobody has.
    KeyInvalid,
    /// A key that has ended.
    KeyExpired,
    /// The key's rules are against it.
    NotAllowed(Rule),
    /// Too many calls, or too many wrong keys.
    Limited(Limited),
    /// No connection for this call.
    Choose(ChooseError),
    /// No credential for this connection.
    Credential(CredentialError),
    /// No answer from the upstream.
    Send(SendError),
    /// A body of which a signature covers all, and that is too long to be held.
    TooLongToSign(usize),
    /// Nothing could sign this.
    Unsignable(Unsignable),
    /// The store can't be reached.
    Store(String),
    /// The app's file was read again in mid-call.
    FileChanged,
    /// A sealed link that is no good.
    Link,
    /// A bug.
    Internal(String),
}

impl Refusal {
    /// The request can't be served as it is; `detail` says what would be right.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::BadRequest(detail.into())
    }

    /// No app of this name.
    pub(super) fn app_unknown(catalog: &Catalog, name: &str) -> Self {
        let nearest = catalog.nearest(name).into_iter().map(str::to_owned).collect();
        Self::AppUnknown { name: name.to_owned(), nearest }
    }

    /// What only the operator may read of it, if anything.
    pub(super) fn inside(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::Store(cause) => Some(cause),
            Self::Choose(ChooseError::Store(fault)) | Self::Credential(CredentialError::Store(fault)) => {
                match fault {
                    Fault::Internal(cause) | Fault::Unavailable(cause) => Some(cause),
                }
            }
            _ => None,
        }
    }

    /// The answer, for a call of `app`.
    pub(super) fn problem(self, app: Option<&str>) -> Problem {
        let named = app.unwrap_or("the app");
        let problem = match self {
            Self::BadRequest(detail) => Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail),
            Self::AppUnknown { name, nearest } => app_unknown(&name, nearest),
            Self::KeyMissing => unauthorized(
                "key_missing",
                "This call carries no keyferry key. Send it as Authorization: Bearer kf_…, or where the app's own \
                 client puts its credential; never in the query or a cookie.",
            ),
            Self::KeyInvalid => unauthorized(
                "key_invalid",
                "The credential is no valid keyferry key: it was mistyped, revoked, or belongs elsewhere. Keys start \
                 with kf_; make a new one with POST /keys or keyferry key create.",
            ),
            Self::KeyExpired => unauthorized(
                "key_expired",
                "This key has expired. Make a new one with POST /keys or keyferry key create.",
            ),
            Self::NotAllowed(rule) => not_allowed(rule, &forbidden(rule, named)),
            Self::Limited(limited) => too_many(&limited),
            Self::Choose(error) => connection::choose(error, named),
            Self::Credential(error) => connection::credential(error, named),
            Self::Send(error) => upstream::send(&error, named),
            Self::TooLongToSign(limit) => upstream::too_long_to_sign(limit, named),
            Self::Unsignable(why) => Problem::new(StatusCode::BAD_REQUEST, "bad_request", format!("{why}.")),
            Self::Store(_) => store_unavailable(),
            Self::FileChanged => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "The app's file was read again while this call was on its way; nothing was sent. Repeat it.",
            )
            .header(RETRY_AFTER, 1),
            Self::Link => Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "This link is not valid, has expired, or was made for another owner. Repeat the call that gave it.",
            ),
            Self::Internal(_) => internal(),
        };
        match app {
            Some(app) => problem.app(app),
            None => problem,
        }
    }
}

fn unauthorized(reason: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, reason, detail)
}

fn app_unknown(name: &str, nearest: Vec<String>) -> Problem {
    let hint = if nearest.is_empty() {
        "GET /apps lists all of them.".to_owned()
    } else {
        format!("Did you mean {}? GET /apps lists all of them.", nearest.join(" or "))
    };
    let detail = if name.is_empty() {
        format!("Name an app: /{{app}}/{{path}}. {hint}")
    } else if could_name_an_app(name) {
        format!("There is no app {name:?}. {hint}")
    } else {
        format!("There is no app of that name. {hint}")
    };
    Problem::new(StatusCode::NOT_FOUND, "app_unknown", detail).with("nearest", nearest)
}

/// Whether to repeat what a caller wrote for an app: not what may be a key in the wrong place.
fn could_name_an_app(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 40 && name.bytes().all(plain)
}

/// What a key with this rule may not do.
fn forbidden(rule: Rule, app: &str) -> String {
    match rule {
        Rule::Apps => format!("This key may not call {app}"),
        Rule::ReadOnly => {
            "This key may only send GET, HEAD and OPTIONS, without a field that means another method, and open no \
             WebSocket"
                .to_owned()
        }
        Rule::Connections | Rule::Control => "This key may not make this call".to_owned(),
    }
}

fn not_allowed(rule: Rule, what: &str) -> Problem {
    let name = rule.name();
    let detail = format!(
        "{what} (rule: {name}). GET /user shows this key's rules. Use another key, or change the rules with \
         PATCH /keys/{{id}} and a key that has none."
    );
    Problem::new(StatusCode::FORBIDDEN, "not_allowed", detail).with("rule", name)
}

fn too_many(limited: &Limited) -> Problem {
    let seconds = limited.retry_after_seconds();
    let (reason, what) = match limited.reason {
        LimitReason::RateLimited => ("rate_limited", "Too many calls in a short time."),
        LimitReason::TooManyConcurrent => {
            ("too_many_concurrent", "Too many calls of this key are in flight at the same time.")
        }
    };
    let detail = format!("{what} Come back in {seconds} s, as Retry-After says.");
    let mut problem =
        Problem::new(StatusCode::TOO_MANY_REQUESTS, reason, detail).header(RETRY_AFTER, seconds);
    if let Some(rate) = limited.rate {
        for (name, text) in [("ratelimit", rate.state()), ("ratelimit-policy", rate.policy())] {
            if let Ok(value) = HeaderValue::try_from(text) {
                problem = problem.header(HeaderName::from_static(name), value);
            }
        }
    }
    problem
}

fn below(fault: &Fault) -> Problem {
    match fault {
        Fault::Unavailable(_) => store_unavailable(),
        Fault::Internal(_) => internal(),
    }
}

fn store_unavailable() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "The gateway's store can't be reached, so the key or connection can't be looked up. Try again in a moment.",
    )
    .header(RETRY_AFTER, 2)
}

fn internal() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong inside the gateway. Tell its operator the request id: the log says more.",
    )
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self::NotAllowed(rule)
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<ChooseError> for Refusal {
    fn from(error: ChooseError) -> Self {
        Self::Choose(error)
    }
}

impl From<CredentialError> for Refusal {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

impl From<Unsignable> for Refusal {
    fn from(why: Unsignable) -> Self {
        Self::Unsignable(why)
    }
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}
