//! AWS Signature Version 4, by AWS's own crate. Here: what of a request is signed, and what stands for its body.
//!
//! Signed are the host, what describes the body, and every `x-amz-*`; no other field, because proxies on the way may
//! change those. S3 takes a body unsigned over TLS; other services want its hash, which a caller may state.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, Request, Uri, uri::Scheme};
use percent_encoding::percent_encode;

use super::{ENCODED, Unsignable, decoded, set};
use crate::{clock::Timestamp, vault::Secret};

const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// What signs for one access key at one service of one region.
#[derive(Clone)]
pub struct SigV4 {
    identity: Identity,
    service: String,
    region: String,
}

impl std::fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigV4")
            .field("service", &self.service)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// What stands for the body in the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Payload {
    /// Its own hash.
    Hash,
    /// The hash that the caller states, which the service holds against the body.
    Stated(String),
    /// Nothing: TLS protects it.
    Unsigned,
    /// Nothing, and its checksum follows it.
    Trailer,
}

impl SigV4 {
    /// A signer for `service` in `region`.
    #[must_use]
    pub fn new(
        (service, region): (&str, &str),
        access_key_id: &Secret,
        secret_access_key: &Secret,
        session_token: Option<&Secret>,
    ) -> Self {
        let session = session_token.map(|token| token.expose().to_owned());
        let credentials =
            Credentials::new(access_key_id.expose(), secret_access_key.expose(), session, None, "keyferry");
        Self { identity: credentials.into(), service: service.to_owned(), region: region.to_owned() }
    }

    /// S3 reads paths and bodies in its own way.
    fn is_s3(&self) -> bool {
        matches!(self.service.as_str(), "s3" | "s3-object-lambda" | "s3-outposts" | "s3express")
    }

    fn payload<B>(&self, request: &Request<B>) -> Result<Payload, Unsignable> {
        let stated = request.headers().get(CONTENT_SHA256).and_then(|stated| stated.to_str().ok());
        let is_tls = request.uri().scheme() == Some(&Scheme::HTTPS);
        match stated {
            Some(hash) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Ok(Payload::Stated(hash.to_ascii_lowercase()))
            }
            Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") if is_tls => Ok(Payload::Trailer),
            Some(other) if other.starts_with("STREAMING-") => Err(Unsignable::Chunked),
            _ if self.is_s3() && is_tls => Ok(Payload::Unsigned),
            _ => Ok(Payload::Hash),
        }
    }

    pub(super) fn covers_body<B>(&self, request: &Request<B>) -> bool {
        self.payload(request) == Ok(Payload::Hash)
    }

    pub(super) fn sign<B>(
        &self,
        request: &mut Request<B>,
        body: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), Unsignable> {
        let payload = match (self.payload(request)?, body) {
            // An empty body costs nothing to hash, and not every server takes it unsigned.
            (Payload::Hash, body) => SignableBody::Bytes(body.unwrap_or_default()),
            (Payload::Unsigned, Some([])) => SignableBody::Bytes(&[]),
            (Payload::Stated(hash), _) => SignableBody::Precomputed(hash),
            (Payload::Unsigned, _) => SignableBody::UnsignedPayload,
            (Payload::Trailer, _) => SignableBody::StreamingUnsignedPayloadTrailer,
        };
        request.headers_mut().remove(CONTENT_SHA256);
        let written = self.fields(request, payload, now, self.settings(), is_signed)?;
        for (name, value) in written {
            set(request.headers_mut(), HeaderName::from_static(name), &value)?;
        }
        Ok(())
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.is_s3() {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }

    /// The fields to write, for a signature over those of the request that are `signed`.
    fn fields<B>(
        &self,
        request: &Request<B>,
        payload: SignableBody<'_>,
        now: Timestamp,
        settings: SigningSettings,
        signed: impl Fn(&str) -> bool,
    ) -> Result<Vec<(&'static str, String)>, Unsignable> {
        let malformed = || Unsignable::Malformed;
        let target = if self.is_s3() { encoded_once(request.uri()) } else { request.uri().to_string() };
        request.uri().host().ok_or_else(malformed)?;
        let headers = texts(request.headers(), signed)?;
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(&self.service)
            .time(moment(now))
            .settings(settings)
            .build()
            .map_err(|_| malformed())?
            .into();
        let signable = SignableRequest::new(request.method().as_str(), target, headers.into_iter(), payload)
            .map_err(|_| malformed())?;
        let (instructions, _) = sign(signable, &params).map_err(|_| malformed())?.into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }
}

/// The path of S3 is encoded once, whatever the caller left as it was; what goes out stays the caller's.
fn encoded_once(uri: &Uri) -> String {
    let segments = uri.path().split('/').map(|part| percent_encode(&decoded(part), ENCODED).to_string());
    let path = segments.collect::<Vec<_>>().join("/");
    let front = uri.scheme_str().zip(uri.authority()).map(|(scheme, host)| format!("{scheme}://{host}"));
    let query = uri.query().map(|query| format!("?{query}"));
    format!("{}{path}{}", front.unwrap_or_default(), query.unwrap_or_default())
}

/// Whether a field of the request is part of the signature.
fn is_signed(name: &str) -> bool {
    name == "content-type" || name == "content-md5" || name.starts_with("x-amz-")
}

fn texts(headers: &HeaderMap, signed: impl Fn(&str) -> bool) -> Result<Vec<(&str, &str)>, Unsignable> {
    let chosen = headers.iter().filter(|(name, _)| signed(name.as_str()));
    chosen
        .map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| Unsignable::Malformed)?;
            Ok((name.as_str(), value))
        })
        .collect()
}

fn moment(now: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
