//! A strict reader of HTTP/1.1 requests (RFC 9112): what it takes, every recipient reads in the same way.

use std::ops::ControlFlow;

/// One request as it stands on the wire.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case, with their values.
    pub(crate) fields: Fields,
    pub(crate) body: Vec<u8>,
    /// What stands behind a chunked body.
    pub(crate) trailers: Fields,
}

type Fields = Vec<(String, Vec<u8>)>;

impl Message {
    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&[u8]> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_slice()).collect()
    }
}

/// Why there is no message: it can't become one, or more has to come.
type Fault = ControlFlow<String>;

fn wrong<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(ControlFlow::Break(why.into()))
}

/// The message at the start of `bytes`, and what follows it; `None` while more has to come.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Message, &[u8])>, String> {
    match message(bytes) {
        Ok(read) => Ok(Some(read)),
        Err(ControlFlow::Continue(())) => Ok(None),
        Err(ControlFlow::Break(why)) => Err(why),
    }
}

fn message(bytes: &[u8]) -> Result<(Message, &[u8]), Fault> {
    let (line, mut rest) = line(bytes)?;
    let mut message = Message::default();
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, b"HTTP/1.1"] = parts.as_slice() else { return wrong("no request line") };
    if !method.iter().all(|byte| is_token(*byte))
        || method.is_empty()
        || !target.starts_with(b"/")
        || !target.iter().all(|byte| *byte > b' ' && *byte != 0x7f)
    {
        return wrong("method or target");
    }
    message.method = String::from_utf8_lossy(method).into_owned();
    message.target = String::from_utf8_lossy(target).into_owned();
    message.fields = fields(&mut rest)?;
    let codings = message.all("transfer-encoding");
    let length = match (codings.as_slice(), message.all("content-length").as_slice()) {
        ([], []) => Some(0),
        ([], [length]) => Some(number(length, 10)?),
        ([b"chunked"], []) => None,
        other => return wrong(format!("framing {other:?}")),
    };
    (message.body, message.trailers, rest) = match length {
        Some(length) => sized(length, rest).map(|(body, rest)| (body, Fields::new(), rest))?,
        None => chunked(rest)?,
    };
    Ok((message, rest))
}

/// The line at the start, and what follows its CRLF. No other line end counts.
fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) else {
        return Err(ControlFlow::Continue(()));
    };
    let (line, rest) = bytes.split_at_checked(at).unwrap_or_default();
    match rest {
        [b'\r', b'\n', rest @ ..] => Ok((line, rest)),
        [b'\r'] => Err(ControlFlow::Continue(())),
        _ => wrong("a bare CR, LF or NUL"),
    }
}

/// Fields up to and with the empty line.
fn fields(rest: &mut &[u8]) -> Result<Fields, Fault> {
    let mut fields = Vec::new();
    loop {
        let (line, behind) = line(rest)?;
        *rest = behind;
        if line.is_empty() {
            return Ok(fields);
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return wrong("no colon") };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let bad = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) || value.iter().any(bad) {
            return wrong(format!("field {:?}", String::from_utf8_lossy(line)));
        }
        fields.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()));
    }
}

fn sized(length: usize, rest: &[u8]) -> Result<(Vec<u8>, &[u8]), Fault> {
    let Some((body, rest)) = rest.split_at_checked(length) else { return Err(ControlFlow::Continue(())) };
    Ok((body.to_vec(), rest))
}

fn chunked(mut rest: &[u8]) -> Result<(Vec<u8>, Fields, &[u8]), Fault> {
    let mut body = Vec::new();
    loop {
        let (size, behind) = line(rest)?;
        let size = number(size, 16)?;
        if size == 0 {
            rest = behind;
            let trailers = fields(&mut rest)?;
            return Ok((body, trailers, rest));
        }
        let (data, behind) = sized(size, behind)?;
        body.extend(data);
        let (end, behind) = line(behind)?;
        if !end.is_empty() {
            return wrong("a chunk longer than it says");
        }
        rest = behind;
    }
}

fn number(text: &[u8], radix: u32) -> Result<usize, Fault> {
    let digits = !text.is_empty() && text.len() <= 16 && text.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits);
    match text.and_then(|text| usize::from_str_radix(text, radix).ok()) {
        Some(number) if i64::try_from(number).is_ok() => Ok(number),
        _ => wrong("no length"),
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
