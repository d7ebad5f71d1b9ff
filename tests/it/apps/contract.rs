//! Every way into every shipped app, with what it is given made up from its own file: what its provider gets to see is
//! on a page under `contract`, one for each app, that somebody has read.
//!
//! `CONTRACT=write` writes the pages anew; the difference is then for the reader.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyferry::catalog::{
    Auth,
    app::App,
    auth::{RefreshKind, Spend},
};

use super::{
    answers::{self, Provider},
    given, sheet,
    stage::{Stage, Visit, shared_out},
};

/// Gateways that the apps are shared among.
const STAGES: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/apps/contract")
}

fn path_of(app: &App) -> PathBuf {
    folder().join(app.categories.first().map_or("", String::as_str)).join(format!("{}.txt", app.name))
}

#[test]
fn every_app_does_what_its_page_says() {
    let apps: Vec<Arc<App>> = given::catalog().iter().cloned().collect();
    let pages = shared_out(&apps, STAGES, pages_of);
    let writes = std::env::var_os("CONTRACT").is_some_and(|what| what == "write");
    let mut wrong: BTreeSet<String> = if writes { BTreeSet::new() } else { strays(&apps) };
    for (path, page) in pages {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        if page.contains("\n  fails ") {
            wrong.insert(format!("{name} fails:\n{page}"));
        }
        if writes {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, page).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(page.as_str()) {
            let known = fs::read_to_string(&path).unwrap_or_default();
            wrong.insert(format!("{name} differs:\n{}", difference(&known, &page)));
        }
    }
    let list: Vec<_> = wrong.iter().map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} wrong; CONTRACT=write writes the pages anew\n{}",
        wrong.len(),
        list.join("\n")
    );
}

/// Pages without an app.
fn strays(apps: &[Arc<App>]) -> BTreeSet<String> {
    let mut pages = BTreeSet::new();
    for category in fs::read_dir(folder()).into_iter().flatten() {
        for page in fs::read_dir(category.unwrap().path()).unwrap() {
            pages.insert(page.unwrap().path());
        }
    }
    for app in apps {
        pages.remove(&path_of(app));
    }
    pages.iter().map(|path| format!("{} is of no app", path.display())).collect()
}

/// The lines that are only on one of two pages.
fn difference(known: &str, found: &str) -> String {
    let lines = |text: &str, other: &str, sign: char| {
        let only = text.lines().filter(|line| !other.lines().any(|known| known == *line));
        only.map(|line| format!("{sign}{line}")).collect::<Vec<_>>().join("\n") + "\n"
    };
    lines(known, found, '-') + &lines(found, known, '+')
}

/// The pages of these apps.
async fn pages_of(apps: Vec<Arc<App>>) -> Vec<(PathBuf, String)> {
    let stage = Stage::start(given::clients()).await;
    let mut pages = Vec::new();
    for app in apps {
        let mut ways = Vec::new();
        for way in &app.auth {
            ways.push(go(&stage, &app, way).await);
        }
        pages.push((path_of(&app), sheet::page(&app, &ways)));
    }
    stage.world.stop().await;
    pages
}

/// Goes one way; its part of the page.
async fn go(stage: &Stage, app: &App, way: &Auth) -> String {
    let provider = Provider::of(app, way);
    stage.answer(move |seen, aged| provider.answer(seen, aged));
    let visit = visit(app, way);
    match stage.visit(&visit).await {
        Ok(record) => sheet::way(way, &visit, &record),
        Err(why) => format!("\n{}\n  fails   {why}\n", way.method),
    }
}

fn visit(app: &App, way: &Auth) -> Visit {
    let consents = way.authorize.is_some() || way.mcp.is_some();
    Visit {
        app: app.name.clone(),
        method: way.method.to_string(),
        fields: given::fields(app, way),
        typed: if consents { super::way::Table::new() } else { given::typed(app, way) },
        consents,
        // RFC 5849 2.2 has another name for it.
        code: if way.oauth1.is_some() { "oauth_verifier".to_owned() } else { way.callback.code.clone() },
        back: answers::back(app, way),
        signed_back: way.callback.signature.as_ref().map(|signed| signed.param.clone()).unwrap_or_default(),
        calls: calls(app),
        renews: renews(way),
        renews_in_time: way.refresh.spend == Spend::AccessToken,
        ends: given::is_told(&app.name, way.method.as_str()),
    }
}

/// Whether a token of this way is renewed once it is old, where its answers say that it ends.
fn renews(way: &Auth) -> bool {
    let has_next = way.refresh.spend == Spend::AccessToken || way.refresh.kind != RefreshKind::None;
    (way.token.is_some() || way.mcp.is_some()) && (has_next || way.authorize.is_none())
}

/// A call, one for each route, one for each placeholder.
fn calls(app: &App) -> Vec<String> {
    let mut calls = vec![format!("GET /{}/a/b?c=d", app.name)];
    for route in &app.routes {
        let method = route.methods.first().map_or("GET", String::as_str);
        calls.push(format!("{method} /{}{}", app.name, given::path_of(route.path.as_str())));
    }
    let in_path = app.injects().filter_map(|inject| inject.path.as_deref());
    let tokens: BTreeSet<&str> = app.path_vars.iter().map(|var| var.token.as_str()).chain(in_path).collect();
    calls.extend(tokens.into_iter().map(|token| format!("GET /{}/a/{token}/b", app.name)));
    calls
}
