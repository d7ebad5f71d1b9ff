//! What a case is put together from.

use std::fmt;

/// Stands for the key in the bytes of a case, and is as long as one.
const KEY: &[u8] = b"kf_#################################################";

/// The bytes of one connection.
pub(in crate::differential) struct Case {
    bytes: Vec<u8>,
    /// So many requests may arrive, although nginx lets none through.
    pub(in crate::differential) lawful: usize,
}

impl Case {
    /// What is sent, with this key.
    pub(in crate::differential) fn bytes(&self, key: &str) -> Vec<u8> {
        assert_eq!(key.len(), KEY.len(), "the lengths in the cases are right");
        let mut bytes = self.bytes.clone();
        let places = (0..bytes.len()).filter(|at| self.bytes[*at..].starts_with(KEY));
        for at in places {
            bytes[at..at + KEY.len()].copy_from_slice(key.as_bytes());
        }
        bytes
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\"",
            self.bytes.escape_ascii().to_string().replace(std::str::from_utf8(KEY).unwrap(), "KEY")
        )
    }
}

/// Where the odd request stands: alone, or as the second of three.
pub(super) const PLACES: [bool; 2] = [false, true];

/// A proper request of case `n`.
fn proper(n: usize, name: &str) -> Vec<u8> {
    let head = format!("GET /things/c{n}/{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ");
    [head.as_bytes(), KEY, b"\r\n\r\n"].concat()
}

/// The request that must not arrive.
pub(super) fn hidden(n: usize) -> Vec<u8> {
    proper(n, "marker")
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// Bodies that hold the hidden request, or are followed by it.
pub(super) fn bodies(n: usize) -> [Vec<u8>; 4] {
    [
        hidden(n),
        [b"0\r\n\r\n", hidden(n).as_slice()].concat(),
        [chunk(&hidden(n)), b"0\r\n\r\n".to_vec()].concat(),
        [b"5\r\nhello\r\n0\r\n\r\n", hidden(n).as_slice()].concat(),
    ]
}

/// A chunked body whose first size is spelled so. `N` stands for the right one. It is a chunk of the hidden request,
/// or a short one before it.
pub(super) fn sized(n: usize, size: &[u8], filled: bool) -> Vec<u8> {
    let data = if filled { hidden(n) } else { b"abc".to_vec() };
    let right = format!("{:x}", data.len());
    let size = replaced(size, b"N", right.as_bytes());
    let behind = if filled { Vec::new() } else { hidden(n) };
    [&size, b"\r\n".as_slice(), &data, b"\r\n0\r\n\r\n", &behind].concat()
}

/// A chunked body with this line end after the first size, its data, the last size or the whole.
pub(super) fn ended(n: usize, end: &[u8], at: usize) -> Vec<u8> {
    let end = |here: usize| if here == at { end } else { b"\r\n" };
    [b"3", end(0), b"abc", end(1), b"0", end(2), end(3), &hidden(n)].concat()
}

fn replaced(text: &[u8], wanted: &[u8], by: &[u8]) -> Vec<u8> {
    match text.windows(wanted.len()).position(|window| window == wanted) {
        Some(at) => [&text[..at], by, &replaced(&text[at + wanted.len()..], wanted, by)].concat(),
        None => text.to_vec(),
    }
}

/// The odd request of a case.
pub(super) struct Post {
    n: usize,
    line: Vec<u8>,
    host: Vec<u8>,
    fields: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Post {
    pub(super) fn new(n: usize) -> Self {
        let new = Self {
            n,
            line: Vec::new(),
            host: b"Host: localhost\r\n".to_vec(),
            fields: Vec::new(),
            body: Vec::new(),
        };
        new.line(b"POST $ HTTP/1.1")
    }

    /// Another request line; `$` stands for the target.
    pub(super) fn line(mut self, line: &[u8]) -> Self {
        self.line = self.targeted(line);
        self
    }

    fn targeted(&self, text: &[u8]) -> Vec<u8> {
        replaced(text, b"$", format!("/things/c{}/1", self.n).as_bytes())
    }

    pub(super) fn method(self, method: &str) -> Self {
        self.line(format!("{method} $ HTTP/1.1").as_bytes())
    }

    pub(super) fn version(self, version: &str) -> Self {
        self.line(format!("POST $ HTTP/{version}").as_bytes())
    }

    /// Another `Host`, each field with its line end.
    pub(super) fn host(mut self, host: &[u8]) -> Self {
        self.host = host.to_vec();
        self
    }

    pub(super) fn field(mut self, field: &[u8]) -> Self {
        self.fields.push(self.targeted(field));
        self
    }

    /// A field before all others.
    pub(super) fn first(mut self, field: &[u8]) -> Self {
        self.host = [&self.targeted(field), b"\r\n".as_slice(), &self.host].concat();
        self
    }

    pub(super) fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// `Content-Length` up to some place in the body that somebody could take for its end.
    pub(super) fn length(&self, choice: usize) -> Vec<u8> {
        let marker = self.body.windows(4).position(|window| window == b"GET ").unwrap_or_default();
        let length = [0, 3, marker, self.body.len()][choice];
        format!("Content-Length: {length}").into_bytes()
    }

    pub(super) fn case(self, among: bool, lawful: usize) -> Case {
        let head =
            [&self.line, b"\r\n".as_slice(), &self.host, b"Authorization: Bearer ", KEY, b"\r\n"].concat();
        let fields: Vec<u8> =
            self.fields.iter().flat_map(|field| [field, b"\r\n".as_slice()].concat()).collect();
        let odd = [&head, &fields, b"\r\n".as_slice(), &self.body].concat();
        let (before, after) =
            if among { (proper(self.n, "0"), proper(self.n, "2")) } else { Default::default() };
        Case { bytes: [before, odd, after].concat(), lawful: lawful + usize::from(among && lawful > 0) }
    }
}
