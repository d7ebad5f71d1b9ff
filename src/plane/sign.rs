//! The last step before a request goes out, for apps that want it signed. Nothing changes it afterwards.
//!
//! A body that the signature covers has to be known before its first byte goes out: it is held, up to a limit. All
//! others stream as ever.

use bytes::Bytes;
use http::{Request, header::TRAILER};
use http_body::Body as _;

use super::{Plane, refusal::Refusal};
use crate::{
    net::{Body, SendError, body, upload::UploadFault},
    sign::Signer,
};

impl Plane {
    /// `request` with the signature of `signer` on it.
    pub(super) async fn signed(
        &self,
        mut request: Box<Request<Body>>,
        signer: &Signer,
    ) -> Result<Box<Request<Body>>, Refusal> {
        let whole = if request.body().is_end_stream() {
            Some(Bytes::new())
        } else if signer.covers_body(&request) {
            let held = self.hold(std::mem::replace(request.body_mut(), body::empty())).await?;
            *request.body_mut() = body::full(held.clone());
            // Of a body that is there already nothing follows.
            request.headers_mut().remove(TRAILER);
            Some(held)
        } else {
            None
        };
        signer.sign(&mut request, whole.as_deref(), self.0.clock.now())?;
        Ok(request)
    }

    /// All of a body, as long as it is short enough and keeps coming.
    async fn hold(&self, body: Body) -> Result<Bytes, Refusal> {
        let (limit, rate) = (self.0.signed_body, self.0.body_rate);
        // What no call may be longer than is no longer here either.
        let any = self.0.body_limit.and_then(|any| usize::try_from(any).ok()).filter(|any| *any <= limit);
        self.0.client.hold(body, any.unwrap_or(limit), rate).await.map_err(|fault| match fault {
            UploadFault::TooLarge if any.is_none() => Refusal::TooLongToSign(limit),
            other => SendError::Upload(other).into(),
        })
    }
}
