//! What is remembered of a call: numbers, and one line in the log when it is over.
//!
//! The record lives inside the response body until its end, together with the caller's slot; so a stream counts as
//! long as it runs, and a caller who leaves is counted too. Never a path, a query, a header or a body.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame, SizeHint};
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    Plane,
    answer::Ending,
    lasting::{Lasting, Watch},
};
use crate::{
    catalog::App,
    id::{ConnectionId, KeyId, OwnerId},
    keys::Caller,
    limits::Slot,
    net::{BoxError, request_id::RequestId, stream::Streamed, tunnel},
    telemetry::{Metrics, metrics::InFlight},
    vault::token::KeyDigest,
};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With a complete answer.
    Complete,
    /// With an answer that broke off upstream, or was cut here.
    Cut,
    /// The caller left before the end.
    Left,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::Cut => "Cut",
            Self::Left => "Left",
        }
    }
}

/// What is remembered of one call. Dropping it closes it.
pub(super) struct Record {
    request_id: RequestId,
    started: Instant,
    answered: Option<Duration>,
    app: Option<Arc<App>>,
    caller: Option<(OwnerId, KeyId)>,
    connection: Option<ConnectionId>,
    status: Option<StatusCode>,
    reason: Option<&'static str>,
    end: End,
    metrics: Metrics,
    _in_flight: InFlight,
}

impl Record {
    /// Opens the record of a call that has just arrived.
    pub(super) fn open(metrics: &Metrics, request_id: RequestId) -> Self {
        Self {
            request_id,
            started: Instant::now(),
            answered: None,
            app: None,
            caller: None,
            connection: None,
            status: None,
            reason: None,
            end: End::Left,
            metrics: metrics.clone(),
            _in_flight: metrics.arrived(),
        }
    }

    /// The request's id.
    pub(super) fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// The app's slug, once it is known.
    pub(super) fn app(&self) -> Option<&str> {
        self.app.as_ref().map(|app| app.name.as_str())
    }

    /// Notes the app.
    pub(super) fn know_app(&mut self, app: &Arc<App>) {
        self.app = Some(Arc::clone(app));
    }

    /// Notes who calls.
    pub(super) fn know_caller(&mut self, caller: &Caller) {
        self.caller = Some((caller.owner, caller.key));
    }

    /// Notes the connection.
    pub(super) fn know_connection(&mut self, connection: ConnectionId) {
        self.connection = Some(connection);
    }

    /// Notes the answer of the upstream, whose body follows.
    pub(super) fn answered(&mut self, status: StatusCode) {
        let took = self.started.elapsed();
        self.answered = Some(took);
        self.status = Some(status);
        self.metrics.upstream(took);
    }

    /// Notes how the tunnel that this call has become ended, or would end now.
    pub(super) fn tunnel(&mut self, end: tunnel::End) {
        self.end = match end {
            tunnel::End::Closed => End::Complete,
            tunnel::End::Caller => End::Left,
            tunnel::End::Upstream | tunnel::End::Silent | tunnel::End::Cut => End::Cut,
        };
    }

    /// What says whether this call may go on, which `plane` let in for `key`.
    pub(super) fn lasting(&self, plane: Plane, key: KeyDigest, tunnel: bool) -> Option<Lasting> {
        let (owner, _) = self.caller?;
        Some(Lasting { plane, key, owner, app: self.app.clone().zip(self.connection), tunnel })
    }

    /// Notes that the gateway answers by itself, for `reason`.
    pub(super) fn refused(&mut self, status: StatusCode, reason: &'static str) {
        self.status = Some(status);
        self.reason = Some(reason);
        self.end = End::Complete;
        self.metrics.refused(reason);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // 499 is what others write for a caller who left before there was an answer.
        let status = self.status.map_or(499, |status| status.as_u16());
        self.metrics.answered(self.app.as_deref().map(|app| app.name.as_str()), status);
        let [mut owner, mut key, mut connection] = [[0; Hyphenated::LENGTH]; 3];
        tracing::info!(
            request_id = self.request_id.as_str(),
            app = self.app.as_deref().map(|app| app.name.as_str()),
            owner = self.caller.map(|(id, _)| text(id.uuid(), &mut owner)),
            key = self.caller.map(|(_, id)| text(id.uuid(), &mut key)),
            connection = self.connection.map(|id| text(id.uuid(), &mut connection)),
            status,
            reason = self.reason,
            end = self.end.as_str(),
            first_byte_us = self.answered.map(micros),
            duration_us = micros(self.started.elapsed()),
            "call"
        );
    }
}

/// An id as text, without the formatter's way round: every call writes three.
fn text(id: Uuid, room: &mut [u8; Hyphenated::LENGTH]) -> &str {
    id.hyphenated().encode_lower(room)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// An answer's body that carries what has to live as long as it does.
pub(super) struct Accounted {
    body: Streamed,
    ending: Ending,
    record: Record,
    watch: Watch,
    _slot: Slot,
}

impl Accounted {
    /// Carries `record` and `slot` to the end of `body`, whose trailers come without what ends here; a long one only
    /// as long as `watch` lets it.
    pub(super) fn new(body: Streamed, ending: Ending, (record, watch): (Record, Watch), slot: Slot) -> Self {
        Self { body, ending, record, watch, _slot: slot }
    }
}

impl HttpBody for Accounted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(cx);
        match &mut polled {
            Poll::Ready(None) => self.record.end = End::Complete,
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, request_id = self.record.request_id.as_str(), "the answer was cut off");
                self.record.end = End::Cut;
            }
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    self.ending.clean(trailers);
                }
            }
            Poll::Pending => {}
        }
        if let Poll::Ready(ended) = self.watch.poll(polled.is_pending(), cx) {
            self.record.end = End::Cut;
            return Poll::Ready(Some(Err(ended.into())));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Accounted {
    fn drop(&mut self) {
        // A server that knows the length doesn't ask for the end.
        if self.record.end == End::Left && self.body.is_end_stream() {
            self.record.end = End::Complete;
        }
    }
}
