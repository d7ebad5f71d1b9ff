//! What a file under `expected` says: one app, its ways in, and everything a provider gets to see of each.
//!
//! The files are written by hand from the providers' documentation: nothing in them is read from the files under
//! test, so that a slip in a file does not become what is expected of it. `expected/README.md` explains the keys.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

/// Pairs in a table.
pub(super) type Table = BTreeMap<String, String>;

/// How the client proves itself at the token endpoint, and what the request is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Proof {
    /// Id and secret among the parameters of a form.
    #[default]
    Form,
    /// The secret alone, in a form.
    Secret,
    /// Basic, and a form.
    Basic,
    /// Id and secret in a JSON object.
    Json,
    /// Basic, and a JSON object.
    BasicJson,
    /// The id alone, in a form.
    Public,
    /// Nothing of the client, in a form.
    Nothing,
    /// Nothing of the client, in a JSON object.
    NothingJson,
}

impl Proof {
    /// Whether the request is JSON.
    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::BasicJson | Self::NothingJson)
    }
}

/// One app, one way in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Way {
    /// The file's name.
    #[serde(skip)]
    pub(super) app: String,
    pub(super) method: String,
    /// Tenant fields.
    pub(super) fields: Table,
    /// Credentials that are typed in.
    pub(super) typed: Table,
    /// What the operator gives beside the client.
    pub(super) operator: Table,
    /// The consent page; empty: there is none.
    pub(super) page: String,
    /// Its `scope`; empty: not there.
    pub(super) scope: String,
    /// Further parameters of the consent page.
    pub(super) ask: Table,
    /// Standard parameters that it doesn't get.
    pub(super) without: Vec<String>,
    /// Unset: the provider takes a proof key.
    pub(super) pkce: Option<bool>,
    /// The parameter by which the code comes back; empty: `code`.
    pub(super) code: String,
    /// What the provider adds to the callback.
    pub(super) back: Table,
    /// The parameter by which the provider signs the callback.
    pub(super) signed_back: String,
    /// Documents of discovery: the beginning of a path, and what stands there.
    pub(super) found: Vec<(String, String)>,
    /// The request that registers a client, and its answer.
    pub(super) register: Option<(String, String)>,
    /// The token endpoint; empty: there is none.
    pub(super) token: String,
    /// How it is asked; empty: `POST`.
    pub(super) verb: String,
    pub(super) proof: Proof,
    /// Further parameters there.
    pub(super) with: Table,
    /// Standard parameters that it doesn't get.
    pub(super) token_without: Vec<String>,
    /// What stands in the signed assertion.
    pub(super) jwt: Table,
    /// Its answer; empty: the ordinary one.
    pub(super) answer: String,
    /// Where the renewal differs from the token request.
    pub(super) renew: Option<Renew>,
    /// What is asked of the provider between token and first call, in order: request, answer, and the form where it has
    /// one. Unset: whatever is asked is right.
    pub(super) asks: Option<Vec<Vec<String>>>,
    /// `account_id` of the connection; empty: nobody tells.
    pub(super) account: String,
    /// Calls at the gateway, what comes of each, and its fields beside `host` and the caller's own.
    pub(super) calls: Vec<Vec<String>>,
}

/// A renewal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renew {
    /// `METHOD URL`.
    pub(super) at: String,
    /// Parameters beside the standard ones.
    #[serde(default)]
    pub(super) with: Table,
    /// Everything stands in the URL: there is no body.
    #[serde(default)]
    pub(super) exact: bool,
    /// Another proof.
    pub(super) proof: Option<Proof>,
}

/// An ordinary answer of a token endpoint.
const TOKEN: &str =
    r#"{"access_token":"at.1~x","token_type":"Bearer","expires_in":3600,"refresh_token":"rt.1~x"}"#;
/// What goes upstream after it.
pub(super) const BEARER: &str = "authorization: Bearer at.1~x";

impl Way {
    /// The answer to the token request.
    pub(super) fn answer(&self) -> &str {
        if self.answer.is_empty() { TOKEN } else { &self.answer }
    }

    /// Whether somebody consents.
    pub(super) fn has_page(&self) -> bool {
        !self.page.is_empty()
    }

    /// Whether there is such an app, and such a way into it.
    pub(super) fn is_shipped(&self) -> bool {
        let catalog = super::given::catalog();
        catalog
            .app(&self.app)
            .is_some_and(|app| app.auth.iter().any(|way| way.method.as_str() == self.method))
    }

    /// Call, what arrives, and what it carries.
    pub(super) fn call(&self, at: usize) -> (&str, &str, Vec<&str>) {
        let [call, arrives, carries @ ..] = self.calls[at].as_slice() else {
            panic!("{}: a call needs what arrives", self.app)
        };
        let carries = match carries {
            [] => vec![BEARER],
            [none] if none.is_empty() => Vec::new(),
            fields => fields.iter().map(String::as_str).collect(),
        };
        (call, arrives, carries)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    way: Vec<Way>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/apps/expected")
}

fn read(app: &str) -> Vec<Way> {
    let path = folder().join(format!("{app}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.way.into_iter().map(|way| Way { app: app.to_owned(), ..way }).collect()
}

/// Every way of every file, by app.
pub(super) fn all() -> Vec<Way> {
    let mut apps: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    apps.sort_unstable();
    apps.iter().flat_map(|app| read(app)).collect()
}

/// The first way into an app by this method.
#[track_caller]
pub(super) fn way(app: &str, method: &str) -> Way {
    let found = read(app).into_iter().find(|way| way.method == method);
    found.unwrap_or_else(|| panic!("no {method} into {app}"))
}
