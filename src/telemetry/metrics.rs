//! Numbers for Prometheus, fetched at the admin door. docs/metrics.md lists them.
//!
//! Labels come from closed lists (app names of the catalog, reasons, outcomes), never from what a caller sends: the
//! number of series stays bounded. Each gateway has its own numbers, and a handle is looked up once, not per call.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

const REQUESTS: &str = "keyferry_requests_total";
const IN_FLIGHT: &str = "keyferry_requests_in_flight";
const REFUSALS: &str = "keyferry_refusals_total";
const UPSTREAM: &str = "keyferry_upstream_seconds";
const REFRESHES: &str = "keyferry_refreshes_total";
const PANICS: &str = "keyferry_panics_total";
const FLOODS: &str = "keyferry_http2_floods_total";
const BUILD: &str = "keyferry_build_info";

/// Seconds. From an answer of the next machine to the longest wait that is allowed by default.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];
/// Classes of a status.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Apps that are counted apart; further ones count as `other`. With all classes that stays below 1,000 series.
const MOST_APPS: usize = 180;

/// How an attempt to renew an access token ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// There is a new token.
    Renewed,
    /// The provider has ended the grant.
    Ended,
    /// It did not work this time.
    Failed,
    /// Another node was faster.
    Overtaken,
}

/// Of which kind of HTTP/2 frames there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many HTTP/2 frames of a kind: {}", self.name())]
pub enum Flood {
    /// Requests that the caller resets at once.
    RapidReset,
    /// Requests that the caller makes this side reset.
    MadeYouReset,
    /// Heads in too many parts, or too large.
    Continuation,
    /// SETTINGS.
    Settings,
    /// PING.
    Ping,
    /// DATA without data.
    EmptyData,
    /// PRIORITY.
    Priority,
    /// `WINDOW_UPDATE` by next to nothing.
    WindowUpdate,
    /// Frames that nobody knows.
    Unknown,
}

impl Flood {
    /// All of them, in the order of their numbers.
    const ALL: [Self; 9] = [
        Self::RapidReset,
        Self::MadeYouReset,
        Self::Continuation,
        Self::Settings,
        Self::Ping,
        Self::EmptyData,
        Self::Priority,
        Self::WindowUpdate,
        Self::Unknown,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::RapidReset => "rapid_reset",
            Self::MadeYouReset => "made_you_reset",
            Self::Continuation => "continuation",
            Self::Settings => "settings",
            Self::Ping => "ping",
            Self::EmptyData => "empty_data",
            Self::Priority => "priority",
            Self::WindowUpdate => "window_update",
            Self::Unknown => "unknown",
        }
    }
}

/// The numbers of one gateway. A clone counts into the same ones.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

/// One counter for each class, made when first needed.
type Classes = [OnceLock<Counter>; 5];

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// By apps' names, which are the operator's: a quick hash will do.
    requests: DashMap<Box<str>, Classes, RandomState>,
    refusals: DashMap<&'static str, Counter>,
    in_flight: Gauge,
    upstream: Histogram,
    refreshes: [Counter; 4],
    panics: Counter,
    floods: [Counter; 9],
}

/// A call in flight, until it is dropped.
#[must_use]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Metrics {
    /// Numbers that all stand at zero.
    #[must_use]
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // Fails for an empty list only; the default are quantiles, which is merely less useful.
        let recorder =
            builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        describe(&recorder);
        gauge(&recorder, BUILD, &[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        Self(Arc::new(Inner {
            handle: recorder.handle(),
            requests: DashMap::default(),
            refusals: DashMap::new(),
            in_flight: gauge(&recorder, IN_FLIGHT, &[]),
            upstream: recorder.register_histogram(&key(UPSTREAM, &[]), &METADATA),
            refreshes: ["renewed", "ended", "failed", "overtaken"]
                .map(|outcome| counter(&recorder, REFRESHES, &[("outcome", outcome)])),
            panics: counter(&recorder, PANICS, &[]),
            floods: Flood::ALL.map(|kind| counter(&recorder, FLOODS, &[("kind", kind.name())])),
            recorder,
        }))
    }

    /// Counts a call as in flight until the answer is dropped.
    pub fn arrived(&self) -> InFlight {
        self.0.in_flight.increment(1.0);
        InFlight(self.0.in_flight.clone())
    }

    /// Counts an answer. `app` is an app's name from the catalog, never what the caller wrote; without one: `none`.
    pub fn answered(&self, app: Option<&str>, status: u16) {
        let app = app.unwrap_or("none");
        if let Some(classes) = self.0.requests.get(app) {
            return self.count(app, &classes, status);
        }
        let app = if self.0.requests.len() < MOST_APPS { app } else { "other" };
        let classes = self.0.requests.entry(app.into()).or_default();
        self.count(app, &classes, status);
    }

    fn count(&self, app: &str, classes: &Classes, status: u16) {
        let class = usize::from(status / 100).checked_sub(1);
        let Some((place, class)) = class.and_then(|n| classes.get(n).zip(CLASSES.get(n))) else { return };
        let new = || counter(&self.0.recorder, REQUESTS, &[("app", app), ("class", class)]);
        place.get_or_init(new).increment(1);
    }

    /// Counts an answer that the gateway itself gave, by its reason.
    pub fn refused(&self, reason: &'static str) {
        if let Some(counter) = self.0.refusals.get(reason) {
            counter.increment(1);
            return;
        }
        let new = || counter(&self.0.recorder, REFUSALS, &[("reason", reason)]);
        self.0.refusals.entry(reason).or_insert_with(new).increment(1);
    }

    /// Notes how long an upstream took to begin its answer.
    pub fn upstream(&self, took: Duration) {
        self.0.upstream.record(took);
    }

    /// Counts an attempt to renew an access token.
    pub fn refreshed(&self, outcome: RefreshOutcome) {
        let [renewed, ended, failed, overtaken] = &self.0.refreshes;
        match outcome {
            RefreshOutcome::Renewed => renewed,
            RefreshOutcome::Ended => ended,
            RefreshOutcome::Failed => failed,
            RefreshOutcome::Overtaken => overtaken,
        }
        .increment(1);
    }

    /// Counts a bug.
    pub fn panicked(&self) {
        self.0.panics.increment(1);
    }

    /// Counts a connection that was ended for too many frames of a kind.
    pub fn flooded(&self, kind: Flood) {
        let mut all = Flood::ALL.iter().zip(&self.0.floods);
        if let Some((_, counter)) = all.find(|(other, _)| **other == kind) {
            counter.increment(1);
        }
    }

    /// All numbers in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.handle.render()
    }

    /// Folds what was recorded since into the histograms, which otherwise keep every single value until somebody
    /// fetches them. For a job, every few seconds.
    pub fn fold(&self) {
        self.0.handle.run_upkeep();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

const METADATA: Metadata<'static> = Metadata::new("keyferry", Level::INFO, None);

fn describe(recorder: &PrometheusRecorder) {
    let counter = |name: &'static str, text: &'static str| {
        recorder.describe_counter(KeyName::from_const_str(name), None, text.into());
    };
    counter(REQUESTS, "Calls answered at the gateway door, by app and class of status.");
    counter(REFUSALS, "Answers given by the gateway itself, by reason.");
    counter(REFRESHES, "Attempts to renew an access token, by outcome.");
    counter(PANICS, "Bugs that were caught.");
    counter(FLOODS, "HTTP/2 connections ended for too many frames of a kind.");
    let gauge = |name: &'static str, text: &'static str| {
        recorder.describe_gauge(KeyName::from_const_str(name), None, text.into());
    };
    gauge(IN_FLIGHT, "Calls at the gateway door that are not finished.");
    gauge(BUILD, "Always 1; the label says which version runs.");
    let text = "Seconds until an upstream began its answer.";
    recorder.describe_histogram(KeyName::from_const_str(UPSTREAM), Some(Unit::Seconds), text.into());
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect::<Vec<_>>();
    Key::from_parts(name, labels)
}

fn counter(recorder: &PrometheusRecorder, name: &'static str, labels: &[(&'static str, &str)]) -> Counter {
    recorder.register_counter(&key(name, labels), &METADATA)
}

fn gauge(recorder: &PrometheusRecorder, name: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
    recorder.register_gauge(&key(name, labels), &METADATA)
}

#[cfg(test)]
mod tests;
