//! What of the settings matters here.

use std::time::Duration;

use crate::config::Settings;

/// The operator's rules for connections.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Public base URL of the pages.
    pub(super) control_url: String,
    /// Where a finished flow may send the browser, to the letter.
    pub(super) return_urls: Vec<String>,
    /// How long a connect link works.
    pub(super) link_lifetime: Duration,
    /// How long the way to the provider and back may take.
    pub(super) flow_lifetime: Duration,
    /// Rather refuse a call than move it to another account.
    pub(super) strict: bool,
    /// The owner confirms who was connected in a browser.
    pub(super) confirm: bool,
    /// Renewals by the job at once.
    pub(super) concurrency: usize,
}

impl Rules {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            control_url: settings.control.url.clone(),
            return_urls: settings.control.return_urls.clone(),
            link_lifetime: settings.connect.link_lifetime,
            flow_lifetime: settings.connect.flow_lifetime,
            strict: settings.selection.strict,
            confirm: settings.connections.confirm,
            concurrency: settings.refresh.concurrency.get(),
        }
    }
}
