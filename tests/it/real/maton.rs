//! The hosted original's own Python client: connections, and typed calls of a dozen apps against recording upstreams.

use std::collections::BTreeMap;

use serde_json::json;
use toml::{Table, Value};

use super::{
    gateway::{Gateway, free_port},
    process::project,
    tools::python,
};

const APPS: [&str; 12] = [
    "asana",
    "github",
    "google-calendar",
    "google-mail",
    "google-sheets",
    "hubspot",
    "notion",
    "outlook",
    "slack",
    "stripe",
    "trello",
    "youtube",
];

/// An app as it is shipped, but at another base, and with a way in by typing where it has none.
struct Moved {
    file: Table,
    port: u16,
}

impl Moved {
    fn new(app: &str) -> Self {
        let folders = std::fs::read_dir(project("config/apps")).unwrap();
        let mut files = folders.map(|folder| folder.unwrap().path().join(format!("{app}.toml")));
        let text = std::fs::read_to_string(files.find(|file| file.exists()).unwrap()).unwrap();
        let mut moved = Self { file: text.parse().unwrap(), port: free_port() };
        moved.file.insert("base".to_owned(), format!("http://127.0.0.1:{}", moved.port).into());
        if !moved.ways().iter().any(|way| way["method"].as_str() == Some("API_KEY")) {
            moved.add_typed_way();
        }
        moved
    }

    fn ways(&self) -> &[Value] {
        self.file["auth"].as_array().unwrap()
    }

    fn typed_way(&self) -> &Value {
        self.ways().iter().find(|way| way["method"].as_str() == Some("API_KEY")).unwrap()
    }

    /// What OAuth would have brought is typed in; it goes onto calls as the shipped file says.
    fn add_typed_way(&mut self) {
        let mut way: Table = toml::toml! {
            method = "API_KEY"
            fields = [{ name = "typed_token", label = "Access token", secret = true }]
        };
        let mut inject = self.ways()[0]["inject"].clone();
        for each in inject.as_array_mut().unwrap() {
            each["value"] =
                each["value"].as_str().unwrap().replace("${access_token}", "${typed_token}").into();
        }
        way.insert("inject".to_owned(), inject);
        self.file["auth"].as_array_mut().unwrap().push(way.into());
    }

    /// What the client script has to know.
    fn told(&self, app: &str) -> serde_json::Value {
        let way = self.typed_way();
        let fields = way["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
        let credentials: BTreeMap<_, _> =
            fields.map(|name| (name, format!("sk_test_{}_{name}", app.replace('-', "_")))).collect();
        let injected = way["inject"].as_array().unwrap();
        let query: Vec<_> = injected.iter().filter_map(|each| each.get("query")?.as_str()).collect();
        json!({"port": self.port, "credentials": credentials, "query": query})
    }
}

#[test]
fn the_hosted_originals_client_works_with_another_base_url_and_key() {
    let moved: Vec<_> = APPS.iter().map(|app| (*app, Moved::new(app))).collect();
    let told: serde_json::Map<_, _> =
        moved.iter().map(|(app, moved)| ((*app).to_owned(), moved.told(app))).collect();
    let files: Vec<_> =
        moved.iter().map(|(app, moved)| (*app, toml::to_string(&moved.file).unwrap())).collect();
    let client = "[clients.linear]\nclient_id = \"keyferry\"\nclient_secret = \"not used\"\n";
    let gateway = Gateway::start(&files, client);
    let mut script = python("maton_client.py");
    script.env("KEYFERRY_APPS", serde_json::Value::from(told).to_string());
    assert!(gateway.serves(&mut script).contains("maton ok"));
}
