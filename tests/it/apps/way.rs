//! What the tables are made of: one app, one way in, and everything a provider gets to see of it.

/// How the client proves itself at the token endpoint, and what the request is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Id and secret among the parameters of a form.
    Form,
    /// The secret alone, in a form.
    FormSecretOnly,
    /// Basic, and a form.
    Basic,
    /// Id and secret in a JSON object.
    Json,
    /// Basic, and a JSON object.
    BasicJson,
}

/// A sign-in at the provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignIn {
    /// The name under `[clients]`.
    pub(super) client: &'static str,
    /// The consent page.
    pub(super) page: &'static str,
    /// `scope` of the consent page; empty: not there.
    pub(super) scope: &'static str,
    /// Further parameters of the consent page.
    pub(super) own: &'static [(&'static str, &'static str)],
    /// Whether the provider takes a proof key.
    pub(super) pkce: bool,
    /// What the provider adds to the callback, beside code and state.
    pub(super) back: &'static [(&'static str, &'static str)],
    /// The token endpoint.
    pub(super) token: &'static str,
    /// The client there.
    pub(super) proof: Proof,
    /// Further parameters there.
    pub(super) with: &'static [(&'static str, &'static str)],
    /// The answer.
    pub(super) answer: &'static str,
}

/// An ordinary answer of a token endpoint.
pub(super) const TOKEN: &str =
    r#"{"access_token":"at.1~x","token_type":"Bearer","expires_in":3600,"refresh_token":"rt.1~x"}"#;
/// What goes upstream after it.
pub(super) const BEARER: &str = "authorization: Bearer at.1~x";

/// The most usual sign-in: what a table leaves out.
pub(super) const SIGN_IN: SignIn = SignIn {
    client: "",
    page: "",
    scope: "",
    own: &[],
    pkce: true,
    back: &[],
    token: "",
    proof: Proof::Form,
    with: &[],
    answer: TOKEN,
};

/// One app, one way in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) app: &'static str,
    pub(super) method: &'static str,
    /// Credentials that are typed in.
    pub(super) typed: &'static [(&'static str, &'static str)],
    /// Tenant fields.
    pub(super) fields: &'static [(&'static str, &'static str)],
    pub(super) sign_in: Option<SignIn>,
    /// What is asked of the provider between token and first call, in order, and its answers.
    pub(super) asks: &'static [(&'static str, &'static str)],
    /// `account_id` of the connection; empty: nobody tells.
    pub(super) account: &'static str,
    /// A call at the gateway.
    pub(super) call: &'static str,
    /// What comes of it.
    pub(super) arrives: &'static str,
    /// The fields of the request, beside `host` and the caller's own.
    pub(super) carries: &'static [&'static str],
}

/// What a table leaves out.
pub(super) const WAY: Way = Way {
    app: "",
    method: "OAUTH2",
    typed: &[],
    fields: &[],
    sign_in: None,
    asks: &[],
    account: "",
    call: "",
    arrives: "",
    carries: &[BEARER],
};
