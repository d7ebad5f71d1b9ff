//! `keyferry app test`: whether the hosts and endpoints that an app's file names are there.
//!
//! It sends no credential and nothing but GET without a body: an endpoint that answers anything is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, header::USER_AGENT};
use serde_json::json;

use crate::{
    catalog::{App, Template},
    cli::print,
    config::Settings,
    net::{
        AGENT,
        client::{Client, Egress, FetchError, SendError},
        guard::SystemResolver,
    },
};

const LIMIT: usize = 4 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(15);

/// Ask whether an app's hosts and endpoints are there
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Sends no credential. An answer of any status counts: a token endpoint refuses a GET, and is there."
)]
pub(in crate::cli) struct Test {
    /// Its name or alias
    pub(super) name: String,
    /// A value for ${name} in its URLs [default: the field's own default or example]
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it like subdomain=acme")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What came of one URL.
struct Found {
    what: &'static str,
    url: String,
    state: State,
    took: Duration,
}

enum State {
    Answers(u16),
    Fails(String),
    /// No value for this name.
    Lacks(String),
}

pub(super) async fn run(settings: &Settings, app: &App, test: &Test) -> anyhow::Result<()> {
    let values = values(app, test);
    let egress = Egress {
        allow: settings.egress.allow.clone(),
        plain_http: settings.egress.plain_http,
        ca_file: settings.egress.ca_file.clone(),
        connect_timeout: settings.bounds.connect_timeout,
        ..Egress::default()
    };
    let client = Client::new(&egress, Arc::new(SystemResolver))?;
    let found = join_all(targets(app).into_iter().map(|(what, url)| dial(&client, what, url, &values))).await;
    if test.json {
        let shown: Vec<_> = found.iter().map(Found::json).collect();
        print::json(&json!({ "app": app.name, "urls": shown }))?;
    } else {
        let rows: Vec<_> = found.iter().map(Found::cells).collect();
        print::table(["WHAT", "URL", "RESULT", "TIME"], &rows, "This app's file names no host.")?;
    }
    match found.iter().filter(|found| matches!(found.state, State::Fails(_))).count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} can't be reached", found.len()),
    }
}

/// Values for the templates: those given, else what the file itself knows.
fn values(app: &App, test: &Test) -> BTreeMap<String, String> {
    let known = app.fields.iter().filter_map(|field| {
        let example = field.example.clone().filter(|example| !example.contains('…'));
        let value = field.default.clone().or_else(|| field.choices.first().cloned()).or(example)?;
        Some((field.name.clone(), value))
    });
    let mut values: BTreeMap<String, String> = known.collect();
    values.extend(test.fields.iter().cloned());
    values
}

/// Every URL that the file names, once.
fn targets(app: &App) -> BTreeSet<(&'static str, &str)> {
    let mut all = vec![("API", &app.base)];
    all.extend(app.environments.iter().filter_map(|environment| Some(("API", environment.base.as_ref()?))));
    all.extend(app.routes.iter().map(|route| ("route", &route.base)));
    for way in &app.auth {
        let endpoints = [
            ("API", way.base.as_ref()),
            ("consent", way.authorize.as_ref().map(|it| &it.url)),
            ("token", way.token.as_ref().map(|it| &it.url)),
            ("refresh", way.refresh.url.as_ref()),
            ("exchange", way.exchange.as_ref().map(|it| &it.url)),
            ("revoke", way.revoke.as_ref().map(|it| &it.url)),
            ("request token", way.oauth1.as_ref().map(|it| &it.request_token_url)),
            ("access token", way.oauth1.as_ref().map(|it| &it.access_token_url)),
            ("register", way.register.as_ref().map(|it| &it.url)),
            ("MCP", way.mcp.as_ref().map(|it| &it.url)),
        ];
        all.extend(endpoints.into_iter().filter_map(|(what, url)| Some((what, url?))));
    }
    all.into_iter().map(|(what, url): (_, &Template)| (what, url.as_str())).collect()
}

async fn dial(client: &Client, what: &'static str, url: &str, values: &BTreeMap<String, String>) -> Found {
    let begun = Instant::now();
    let filled = Template::try_from(url.to_owned()).map(|url| url.fill(values));
    let (url, state) = match filled {
        Ok(Ok(filled)) => {
            let state = ask(client, &filled).await;
            (filled, state)
        }
        Ok(Err(missing)) => (url.to_owned(), State::Lacks(missing.0)),
        Err(problem) => (url.to_owned(), State::Fails(problem)),
    };
    Found { what, url, state, took: begun.elapsed() }
}

async fn ask(client: &Client, url: &str) -> State {
    let request =
        Request::get(url.split('#').next().unwrap_or(url)).header(USER_AGENT, AGENT).body(Bytes::new());
    let request = match request {
        Ok(request) => request,
        Err(error) => return State::Fails(error.to_string()),
    };
    match client.fetch(request, LIMIT, DEADLINE).await {
        Ok(answer) => State::Answers(answer.status().as_u16()),
        Err(error) => State::Fails(why(&error)),
    }
}

/// The whole chain of causes: the last one is what helps.
fn why(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut cause = match error {
        FetchError::Send(SendError::Unreachable(cause) | SendError::Protocol(cause)) => {
            text = format!("{text}: {cause}");
            cause.source()
        }
        _ => None,
    };
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

impl Found {
    fn result(&self) -> String {
        match &self.state {
            State::Answers(404) if self.what != "API" && self.what != "route" => {
                "answers 404: is the path right?".to_owned()
            }
            State::Answers(status) => format!("answers {status}"),
            State::Fails(why) => why.clone(),
            State::Lacks(name) => format!("not asked: give --field {name}=…"),
        }
    }

    fn cells(&self) -> [String; 4] {
        let took = match self.state {
            State::Lacks(_) => "-".to_owned(),
            _ => format!("{} ms", self.took.as_millis()),
        };
        [self.what.to_owned(), self.url.clone(), self.result(), took]
    }

    fn json(&self) -> serde_json::Value {
        let status = match self.state {
            State::Answers(status) => Some(status),
            _ => None,
        };
        json!({
            "what": self.what,
            "url": self.url,
            "status": status,
            "result": self.result(),
            "milliseconds": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
