//! How a provider tells callers to slow down.

use serde::{Deserialize, Serialize};

/// How the provider tells callers to slow down.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Calls allowed per `per_s`.
    pub requests: Option<u32>,
    /// The window, in seconds.
    pub per_s: Option<u32>,
    /// What the limit is counted over, in words.
    pub scope: Option<String>,
    /// The header that says when to come back.
    pub retry_header: Option<String>,
    /// The unit of that header.
    #[serde(default)]
    pub retry_unit: RetryUnit,
}

/// The unit of a retry header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryUnit {
    /// Seconds to wait, or an HTTP date (RFC 9110 10.2.3).
    #[default]
    S,
    /// Milliseconds to wait.
    Ms,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMs,
}
