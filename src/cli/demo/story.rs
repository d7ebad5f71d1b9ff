//! What the demo tells: one line for machines, a page for people, and the calls that both hold.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    Doors,
    place::{Door, Folder},
};
use crate::vault::token::ApiKey;

/// Everything somebody needs to play with the demo. It holds the key, so it is printed and nothing else.
#[derive(Serialize)]
pub(super) struct Story {
    pub(super) key: String,
    pub(super) gateway_url: String,
    pub(super) control_url: String,
    pub(super) admin_url: String,
    pub(super) sandbox_url: String,
    pub(super) connection_id: String,
    pub(super) connect_url: String,
    pub(super) folder: String,
    #[serde(skip)]
    pub(super) temporary: bool,
    #[serde(skip)]
    pub(super) moved: Vec<String>,
    #[serde(skip)]
    pub(super) token_lifetime_s: u64,
}

/// One call to paste.
#[derive(Serialize)]
pub(super) struct Call {
    name: &'static str,
    title: &'static str,
    command: String,
}

impl Story {
    /// The story as far as it is known before there is a connection.
    pub(super) fn new(doors: &Doors, folder: &Folder, key: &ApiKey, token_lifetime: Duration) -> Self {
        let moved = |(door, name): (&Door, &str)| {
            door.taken.map(|port| format!("Port {port} is taken, so {name} is at {}.", door.url()))
        };
        let named =
            [(&doors.gateway, "the gateway"), (&doors.control, "control"), (&doors.admin, "the admin door")];
        Self {
            key: key.reveal().to_owned(),
            gateway_url: doors.gateway.url(),
            control_url: doors.control.url(),
            admin_url: doors.admin.url(),
            sandbox_url: doors.sandbox_url.clone(),
            connection_id: String::new(),
            connect_url: String::new(),
            folder: folder.path().display().to_string(),
            temporary: folder.is_temporary(),
            moved: named.into_iter().filter_map(moved).collect(),
            token_lifetime_s: token_lifetime.as_secs(),
        }
    }

    /// The one line for machines.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Line<'s> {
            #[serde(flatten)]
            story: &'s Story,
            calls: Vec<Call>,
        }
        serde_json::to_string(&Line { story: self, calls: self.calls() })
    }

    /// The calls, in the order in which they make sense.
    fn calls(&self) -> Vec<Call> {
        let (gateway, control) = (&self.gateway_url, &self.control_url);
        let key = format!("-H 'Authorization: Bearer {}'", self.key);
        let json = "-H 'Content-Type: application/json'";
        let call = |name, title, command| Call { name, title, command };
        vec![
            call("before", BEFORE, format!("curl -i {gateway}/sandbox/v1/items {key}")),
            call("items", "The first page of items; Link leads on through the gateway:", {
                format!("curl -i '{gateway}/sandbox/v1/items?per_page=5' {key}")
            }),
            call("page", "The second page:", {
                format!("curl -i '{gateway}/sandbox/v1/items?page=2&per_page=5' {key}")
            }),
            call("create", "One item more:", {
                format!("curl -i {gateway}/sandbox/v1/items {key} {json} -d '{{\"name\":\"Torch\"}}'")
            }),
            call("echo", "What the API gets to see; your key is not among it:", {
                format!("curl -X PUT '{gateway}/sandbox/v1/echo?hello=world' {key} -d 'any body'")
            }),
            call("events", "A stream of events, each as it comes:", {
                format!("curl -N '{gateway}/sandbox/v1/events?count=5&interval_ms=500' {key}")
            }),
            call("connect", "One more connection; its answer has a link of its own:", {
                format!("curl {control}/connections {key} {json} -d '{{\"app\":\"sandbox\"}}'")
            }),
            call("connections", "All your connections:", format!("curl {control}/connections {key}")),
        ]
    }
}

const BEFORE: &str = "Before you connect an account, the gateway says what is missing:";

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = if self.temporary { "gone when you stop it" } else { "kept" };
        writeln!(f, "\nkeyferry demo: everything runs on this machine, in {} ({fate}).\n", self.folder)?;
        for moved in &self.moved {
            writeln!(f, "  {moved}\n")?;
        }
        for (name, url, purpose) in [
            ("gateway", &self.gateway_url, "where your calls go"),
            ("control", &self.control_url, "control API and connect pages"),
            ("admin", &self.admin_url, "/healthz, /readyz, /metrics"),
            ("sandbox", &self.sandbox_url, "the provider and API that your calls reach"),
        ] {
            writeln!(f, "  {name:<8} {url:<22}  {purpose}")?;
        }
        writeln!(f, "\n  Your key:\n    {}", self.key)?;
        for (index, call) in self.calls().iter().enumerate() {
            if index == 1 {
                writeln!(f, "\n  Open this in your browser and allow the access:\n    {}", self.connect_url)?;
                writeln!(f, "\n  Then paste:")?;
            }
            writeln!(f, "\n  {}\n    {}", call.title, call.command)?;
        }
        let lifetime = self.token_lifetime_s;
        writeln!(
            f,
            "\n  Access tokens of the sandbox last {lifetime} s; the gateway renews them, your key stays."
        )?;
        writeln!(f, "  Ctrl-C stops the demo.\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story() -> Story {
        Story {
            key: "kf_example".to_owned(),
            gateway_url: "http://localhost:8080".to_owned(),
            control_url: "http://localhost:8081".to_owned(),
            admin_url: "http://localhost:9090".to_owned(),
            sandbox_url: "http://127.0.0.1:1234".to_owned(),
            connection_id: "id".to_owned(),
            connect_url: "http://localhost:8081/connect?session_token=x".to_owned(),
            folder: "/somewhere".to_owned(),
            temporary: true,
            moved: vec!["Port 8080 is taken, so the gateway is on 1.".to_owned()],
            token_lifetime_s: 60,
        }
    }

    #[test]
    fn machines_get_one_line_with_every_call() {
        let line = story().json().unwrap();
        assert!(!line.contains('\n'));
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["key"], "kf_example");
        assert_eq!(parsed["calls"].as_array().unwrap().len(), story().calls().len());
    }

    #[test]
    fn people_see_every_call_that_machines_see_and_the_link_before_those_that_need_it() {
        let page = story().to_string();
        for call in story().calls() {
            assert!(page.contains(&call.command), "{}", call.name);
        }
        let place = |text: &str| page.find(text).unwrap();
        assert!(place(BEFORE) < place("session_token") && place("session_token") < place("The first page"));
        assert!(page.contains("Port 8080 is taken"));
    }
}
