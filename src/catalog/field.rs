//! Values a connection needs beside its credential: where each comes from and what it may look like.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    app::Method,
    pattern::{Capture, Pattern},
    template::Template,
    value::{self, Unfit},
};

/// One value of a connection: a tenant's name, a region, an account id.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key that a file may set")]
pub struct Field {
    /// The name templates use.
    pub name: String,
    /// What the connect page calls it.
    pub label: String,
    /// A sentence under the input.
    pub help: Option<String>,
    /// A value as it would look.
    pub example: Option<String>,
    /// What a value must match, whole. Required for every field that a host uses.
    pub pattern: Option<Pattern>,
    /// Where the value comes from.
    #[serde(default)]
    pub from: Source,
    /// For `token`: dotted path in the token answer. For `callback`: the query parameter.
    /// For `request`: dotted path in that answer. Default: the field's name.
    pub path: Option<String>,
    /// For `request`: what to ask after the connection was made.
    pub request: Option<FieldRequest>,
    /// Another value this one is taken out of: by `path`, where that value is JSON, and by `regex`.
    pub of: Option<String>,
    /// First capture group of this, over the value found (or over `of`), is the value.
    pub regex: Option<Capture>,
    /// Used when nothing was given.
    pub default: Option<String>,
    /// May stay empty: what uses it is then left out.
    #[serde(default)]
    pub optional: bool,
    /// Sealed with the grant, never shown.
    #[serde(default)]
    pub secret: bool,
    /// May have several lines. Then it never stands in a header or a URL itself.
    #[serde(default)]
    pub multiline: bool,
    /// Several are possible: the user picks.
    #[serde(default)]
    pub choose: bool,
    /// For `user`: the only values there are; empty: any that matches.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Only for these ways in; empty: for all.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// The strictest place templates use it at; computed.
    #[serde(skip)]
    pub(super) role: Role,
}

/// The strictest place that templates use a value at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// None where it could do harm.
    #[default]
    Value,
    /// A URL's path or query.
    Path,
    /// A host.
    Host,
}

impl Field {
    /// Whether the field belongs to this way in.
    #[must_use]
    pub fn is_of(&self, method: Method) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }

    /// Whether `value` can be stored, wherever it came from.
    pub fn accepts(&self, value: &str) -> Result<(), Unfit> {
        let (pattern, example) = (self.pattern.as_ref(), self.example.as_deref());
        if self.multiline {
            return value::accepts_lines(value, pattern, example);
        }
        value::accepts(value, pattern, self.role, example)?;
        let open = self.choices.is_empty() || self.choices.iter().any(|choice| choice == value);
        if open { Ok(()) } else { Err(Unfit::Choice { choices: self.choices.clone() }) }
    }
}

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Typed in at connect time.
    #[default]
    User,
    /// Belongs to the operator's OAuth client.
    Operator,
    /// In the token answer.
    Token,
    /// In the query of the OAuth callback.
    Callback,
    /// In the answer to one more GET.
    Request,
}

/// The GET that yields a field.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldRequest {
    /// Absolute URL.
    pub get: Template,
    /// Headers beside the credential.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Dotted path to the array of candidates, `""` where the answer is the array; the field's `path` then starts
    /// at one candidate. Unset: `path` starts at the answer.
    pub list: Option<String>,
    /// Which candidate: `key=value`. Several may be left: the first is taken, or the user picks (`choose`).
    pub select: Option<String>,
    /// Dotted path, from a candidate, to what the user knows it by when picking.
    pub label: Option<String>,
}
