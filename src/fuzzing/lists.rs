//! Field lists by chance, the same at every run. Only tests have this file: those of the library, and those with
//! sockets, which include it.

/// Numbers that look like chance and are the same at every run (xorshift).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub(crate) fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

const NAMES: &[&str] = &[
    "x-a",
    "x-b",
    "x_c",
    "accept",
    "accept-encoding",
    "content-type",
    "content-length",
    "te",
    "trailer",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "host",
    "cookie",
    "authorization",
    "x-api-key",
    "x_api_key",
    "x.api.key",
    "maton-connection",
    "x-forwarded-for",
    "forwarded",
    "via",
    "expect",
    "range",
    "acme-version",
    "http2-settings",
    "priority",
    "content_length",
    "transfer_encoding",
    "max-forwards",
    "x\"y",
    "x!#$%&'*+-.^_`|~",
];
const VALUES: &[&str] = &[
    "1",
    "a, b",
    "",
    "trailers",
    "chunked",
    "close, x-a",
    "x-api-key, host",
    "te, content-length",
    "gw.example.com",
    "100-continue",
    "0",
    "4",
    "\u{e9}",
    "a\tb",
    "GET / HTTP/1.1",
    "Bearer x",
    "h2c",
    "x-a: 1",
    ":",
    "a=b; c=d",
    "\"",
];
const PATHS: &[&str] = &[
    "/acme/x",
    "/acme",
    "/acme/x?api_key=1&a=b",
    "/acme/:token/%0d%0a",
    "/acme/upload/:tenant?%61pi_key=2;b",
    "/acme//?",
    "/acme/a%20HTTP/1.1%0d%0aX:%20y",
    "/acme/\u{e9}",
    "/acme/x?a=b c",
    "/other",
    "/acme/x HTTP/1.1",
    "*",
    "/acme/..;/x",
];
const BODIES: &[&str] =
    &["", "body", "0\r\n\r\n", "GET /x HTTP/1.1\r\nhost: x\r\n\r\n", "4\r\nbody\r\n0\r\n\r\n"];

/// A field list in the form that the target `fields` reads.
pub(crate) fn field_list(seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let method = chance.of(&["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "QUERY"]);
    let authority = chance.of(&["gw.example.com", "gw.example.com:443", "acme.example.com", "evil.test"]);
    let path = chance.of(PATHS);
    let mut list = format!(":method: {method}\n:scheme: https\n:authority: {authority}\n:path: {path}");
    for _ in 0..chance.below(9) {
        list.extend(["\n", chance.of(NAMES), ": ", chance.of(VALUES)]);
    }
    format!("{list}\n\n{}", chance.of(BODIES))
}
