//! One connection by a [`Way`], at a gateway of its own, with a look at every request that leaves it.

use serde_json::Value;

use super::{
    expected,
    stage::{Record, Stage, line},
    way::Way,
};
use crate::harness::http::Reply;

/// A gateway, the internet, and a connection by one way.
pub(super) struct Connected {
    pub(super) stage: Stage,
    pub(super) id: String,
}

impl Connected {
    pub(super) async fn by(way: &Way) -> Self {
        let (stage, made) = Self::tried(way).await;
        let record = made.unwrap_or_else(|why| panic!("{why}"));
        let id = record.connection["connection_id"].as_str().unwrap().to_owned();
        assert_eq!(record.connection["status_reason"], Value::Null, "{}", record.connection);
        Self { stage, id }
    }

    /// What comes of trying to connect.
    pub(super) async fn tried(way: &Way) -> (Stage, Result<Record, String>) {
        let stage = expected::stage(std::slice::from_ref(way)).await;
        expected::provide(&stage, way);
        let made = stage.connect(&expected::visit(way)).await;
        (stage, made)
    }

    /// The connection as the API tells it.
    pub(super) async fn connection(&self) -> Value {
        self.stage.connection(&self.id).await
    }

    /// `METHOD /path` at the gateway, as a caller who sends whatever must not get through.
    pub(super) async fn call(&self, line: &str, more: &[(&str, &str)]) -> Reply {
        self.stage.send(&self.id, line, more).await
    }

    /// Makes a call; what arrives of it.
    pub(super) async fn arrives(&self, call: &str) -> String {
        self.call(call, &[]).await;
        line(&self.stage.internet.newest())
    }

    /// Asserts that the newest request has these fields, `host` and the caller's own, and no other.
    #[track_caller]
    pub(super) fn assert_carried(&self, fields: &[&str]) {
        let seen = self.stage.internet.newest();
        let mut found: Vec<_> = seen.head.lines().skip(1).filter(|line| !line.is_empty()).collect();
        let host = format!("host: {}", seen.header("host").unwrap());
        let mut expected = [&[host.as_str(), "x-mine: 1"], fields].concat();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    /// Asserts that in no request, to whomever, there is anything by which the caller came in.
    #[track_caller]
    pub(super) fn assert_nothing_of_the_caller_left(&self) {
        for seen in self.stage.internet.seen() {
            let text = format!("{}{}", seen.head, String::from_utf8_lossy(&seen.body)).to_lowercase();
            let key = self.stage.world.key.to_lowercase();
            for ours in [key.as_str(), "maton", "keyferry-", "cookie", "of-the-caller", &self.id] {
                assert!(!text.contains(ours), "{ours} left:\n{text}");
            }
        }
    }
}
