//! `keyferry app add`: a new app file in the operator's folder, from flags, and from questions for what they leave out.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::draft::{Draft, Way};
use crate::{
    catalog::Catalog,
    cli::{Misuse, print},
    config::Settings,
};

const EXAMPLES: &str = "\
Examples:
  keyferry app add acme --base https://api.acme.com                     a key as a bearer
  keyferry app add acme --base https://api.acme.com --header X-Api-Key  a key in a header of its own
  keyferry app add acme --base https://${tenant}.acme.com --basic       a tenant's host, user name and password
  keyferry app add acme --base https://api.acme.com --client acme \\
      --authorize https://acme.com/oauth/authorize --token https://acme.com/oauth/token --scope read
  keyferry app add stripe --like stripe                                 a copy of a built-in file, to change";

/// Make an app file of your own
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Add {
    /// Its name: the first path segment at the gateway
    name: String,
    /// What people call it [default: the name]
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Scheme and host of its API; ${name} asks each connection for a value
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// Where its API is documented
    #[arg(long, value_name = "URL")]
    docs: Option<String>,
    /// The header that carries its key, without a scheme [default: Authorization, as a bearer]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "basic", "authorize"])]
    header: Option<String>,
    /// The query parameter that carries its key
    #[arg(long, value_name = "NAME", conflicts_with_all = ["basic", "authorize"])]
    query: Option<String>,
    /// User name and password
    #[arg(long, conflicts_with = "authorize")]
    basic: bool,
    /// OAuth 2.0: the authorization endpoint
    #[arg(long, value_name = "URL", requires = "token")]
    authorize: Option<String>,
    /// OAuth 2.0: the token endpoint
    #[arg(long, value_name = "URL", requires = "authorize")]
    token: Option<String>,
    /// OAuth 2.0: the name of your client in the settings [default: the app's name]
    #[arg(long, value_name = "NAME", requires = "authorize")]
    client: Option<String>,
    /// OAuth 2.0: a scope to ask for; can be given several times
    #[arg(long, value_name = "SCOPE", requires = "authorize")]
    scope: Vec<String>,
    /// A path that tells whose account a credential opens
    #[arg(long, value_name = "PATH")]
    probe: Option<String>,
    /// Start from the file of this app instead
    #[arg(long, value_name = "APP", conflicts_with_all = ["base", "header", "query", "basic", "authorize", "probe"])]
    like: Option<String>,
    /// The folder to write to [default: catalog.dir of the settings]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(settings: &Settings, add: &Add) -> anyhow::Result<()> {
    let Some(dir) = add.dir.clone().or_else(|| settings.catalog.dir.clone()) else {
        let told = "the settings name no folder for app files: set catalog.dir, as in [catalog] dir = \"apps\", or give --dir";
        return Err(Misuse(told.to_owned()).into());
    };
    let file = dir.join(format!("{}.toml", add.name));
    if file.exists() {
        return Err(Misuse(format!("{} is there already and stays as it is", file.display())).into());
    }
    let text = text(settings, add)?;
    let made = Catalog::of(&[(&add.name, &text)], settings.egress.plain_http).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Misuse(format!(
            "this would be no good app file, so none was made:\n          {}",
            lines.join("\n          ")
        ))
    })?;
    write(&dir, &file, &text)?;
    let method = made.iter().find_map(|app| Some(app.auth.first()?.method.as_str())).unwrap_or_default();
    print::line(&told(settings, add, &file, method))
}

fn text(settings: &Settings, add: &Add) -> anyhow::Result<String> {
    let Some(like) = &add.like else { return Ok(draft(add)?.text()) };
    // The folder may be yet to be made.
    let dir = settings.catalog.dir.as_deref().filter(|dir| dir.exists());
    let catalog = super::read(dir, settings.egress.plain_http)?;
    let known = &super::find(&catalog, like)?.name;
    let text = Catalog::source(dir, known).unwrap_or_default();
    if *known == add.name {
        return Ok(text);
    }
    // Another name, and none of the aliases: they belong to the app that was copied.
    let own = |line: &str| match line {
        _ if line.starts_with("name = ") => Some(format!("name = \"{}\"", add.name)),
        _ if line.starts_with("aliases = ") => None,
        _ => Some(line.to_owned()),
    };
    Ok(text.lines().filter_map(own).map(|line| line + "\n").collect())
}

fn draft(add: &Add) -> anyhow::Result<Draft> {
    let asks = add.base.is_none() && io::stdin().is_terminal();
    let given = |value: &Option<String>, question: &str| match value {
        Some(value) => Ok(Some(value.clone())),
        None if asks => ask(question),
        None => Ok(None),
    };
    let base =
        given(&add.base, "Scheme and host of its API, such as https://api.acme.com")?.ok_or_else(|| {
            Misuse("--base is missing: the scheme and host of its API, https://api.acme.com".to_owned())
        })?;
    Ok(Draft {
        name: add.name.clone(),
        display_name: given(&add.display_name, "What people call it")?.unwrap_or_else(|| add.name.clone()),
        base: base.trim_end_matches('/').to_owned(),
        docs: given(&add.docs, "Where its API is documented (may stay empty)")?,
        way: way(add, asks)?,
        probe: given(
            &add.probe,
            "A path that tells whose account a key opens, such as /v1/me (may stay empty)",
        )?,
    })
}

fn way(add: &Add, asks: bool) -> anyhow::Result<Way> {
    if let (Some(authorize), Some(token)) = (&add.authorize, &add.token) {
        return Ok(Way::OAuth {
            client: add.client.clone().unwrap_or_else(|| add.name.clone()),
            authorize: authorize.clone(),
            token: token.clone(),
            scopes: add.scope.clone(),
        });
    }
    if add.basic {
        return Ok(Way::Basic);
    }
    if let Some(name) = &add.query {
        return Ok(Way::Query(name.clone()));
    }
    let header = match &add.header {
        Some(header) => Some(header.clone()),
        None if asks => ask("The header that carries its key (empty: Authorization, as a bearer)")?,
        None => None,
    };
    let own = |header: String| Way::Key { header, value: "${api_key}".to_owned() };
    Ok(header.map_or_else(Way::default, own))
}

/// The answer to a question on the terminal; nothing for an empty line.
fn ask(question: &str) -> anyhow::Result<Option<String>> {
    write!(io::stderr(), "{question}: ")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

fn write(dir: &Path, file: &Path, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("making the folder {}", dir.display()))?;
    let made = OpenOptions::new().write(true).create_new(true).open(file);
    let written = made.and_then(|mut made| made.write_all(text.as_bytes()));
    written.with_context(|| format!("writing {}", file.display()))
}

fn told(settings: &Settings, add: &Add, file: &Path, method: &str) -> String {
    let (name, url) = (&add.name, &settings.gateway.url);
    let client = match method {
        "OAUTH2" => format!(
            "  give your OAuth client: [clients.{}] in the settings, redirect URI {}/callback/{name}\n",
            add.client.as_ref().unwrap_or(name),
            settings.control.url
        ),
        _ => String::new(),
    };
    format!(
        "Made {}\n\nNext:\n{client}  keyferry app test {name}      is it there?\n  POST {url}/connections \
         {{\"app\":\"{name}\"}}   connect; a running gateway knows the file within two seconds\n  {url}/{name}/…   call",
        file.display()
    )
}
