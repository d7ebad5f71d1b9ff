//! What is remembered of a call: numbers, and one line in the log when it is over.
//!
//! The record lives inside the response body until its end, together with the caller's slot; so a stream counts as
//! long as it runs, and a caller who leaves is counted too. Never a path, a query, a header or a body.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Extensions, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{
    Plane,
    answer::Ending,
    lasting::{Lasting, Watch},
};
use crate::{
    catalog::App,
    id::ConnectionId,
    keys::Caller,
    limits::Slot,
    net::{BoxError, arrival::Arrival, request_id::RequestId, stream::Streamed, tunnel},
    telemetry::{Call, Metrics, metrics::InFlight},
};

/// With a complete answer.
const COMPLETE: &str = "Complete";
/// With an answer that broke off upstream, or was cut here.
const CUT: &str = "Cut";
/// The caller left before the end.
const LEFT: &str = "Left";
/// What others write for a caller who left before there was an answer.
const NO_ANSWER: u16 = 499;

/// What is remembered of one call. Dropping it closes it.
pub(super) struct Record {
    started: Instant,
    caller: Option<Arc<Caller>>,
    call: Call,
    metrics: Metrics,
    _in_flight: InFlight,
}

impl Record {
    /// Opens the record of a call that has just arrived.
    pub(super) fn open(metrics: &Metrics, request: &Extensions) -> Self {
        let arrival = Arrival::of(request);
        let call = Call {
            request_id: arrival.map_or(RequestId::NONE, |arrival| arrival.id),
            app: None,
            caller: None,
            connection: None,
            status: NO_ANSWER,
            sent_again: false,
            reason: None,
            end: LEFT,
            first_byte: None,
            duration: Duration::ZERO,
        };
        let started = arrival.map_or_else(Instant::now, |arrival| arrival.began);
        Self { started, caller: None, call, metrics: metrics.clone(), _in_flight: metrics.arrived() }
    }

    /// The request's id.
    pub(super) fn request_id(&self) -> &RequestId {
        &self.call.request_id
    }

    /// The app's slug, once it is known.
    pub(super) fn app(&self) -> Option<&str> {
        self.call.app.as_ref().map(|app| app.name.as_str())
    }

    /// Notes the app.
    pub(super) fn know_app(&mut self, app: &Arc<App>) {
        self.call.app = Some(Arc::clone(app));
    }

    /// Notes who calls.
    pub(super) fn know_caller(&mut self, caller: &Arc<Caller>) {
        self.caller = Some(Arc::clone(caller));
        self.call.caller = Some((caller.owner, caller.key));
    }

    /// Notes the connection.
    pub(super) fn know_connection(&mut self, connection: ConnectionId) {
        self.call.connection = Some(connection);
    }

    /// Notes that the upstream refused the credential, and got the call once more with a newer one.
    pub(super) fn sent_again(&mut self) {
        self.call.sent_again = true;
    }

    /// Notes the answer of the upstream, whose body follows.
    pub(super) fn answered(&mut self, status: StatusCode) {
        let took = self.started.elapsed();
        self.call.first_byte = Some(took);
        self.call.status = status.as_u16();
        self.metrics.upstream(took);
    }

    /// Notes how the tunnel that this call has become ended, or would end now.
    pub(super) fn tunnel(&mut self, end: tunnel::End) {
        self.call.end = match end {
            tunnel::End::Closed => COMPLETE,
            tunnel::End::Caller => LEFT,
            tunnel::End::Upstream | tunnel::End::Silent | tunnel::End::Cut => CUT,
        };
    }

    /// What says whether this call may go on, which `plane` let in.
    pub(super) fn lasting(&self, plane: &Plane, tunnel: bool) -> Option<Lasting> {
        let caller = Arc::clone(self.caller.as_ref()?);
        let through = self.call.app.clone().zip(self.call.connection);
        Some(Lasting { plane: plane.clone(), caller, through, tunnel })
    }

    /// Notes that the gateway answers by itself, for `reason`.
    pub(super) fn refused(&mut self, status: StatusCode, reason: &'static str) {
        self.call.status = status.as_u16();
        self.call.reason = Some(reason);
        self.call.end = COMPLETE;
        self.metrics.refused(reason);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.metrics.answered(self.app(), self.call.status);
        self.call.duration = self.started.elapsed();
        tracing::info!(message = &self.call as &(dyn Error + 'static));
    }
}

/// An answer's body that carries what has to live as long as it does.
pub(super) struct Accounted {
    body: Streamed,
    ending: Ending,
    record: Record,
    plane: Plane,
    watch: Watch,
    _slot: Slot,
}

impl Accounted {
    /// Carries `record` and `slot` to the end of `body`, whose trailers come without what ends here; a long one only
    /// as long as `plane` would let it in.
    pub(super) fn new(body: Streamed, ending: Ending, (record, plane): (Record, Plane), slot: Slot) -> Self {
        Self { body, ending, record, plane, watch: Watch::default(), _slot: slot }
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
            Poll::Ready(None) => self.record.call.end = COMPLETE,
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, request_id = self.record.request_id().as_str(), "the answer was cut off");
                self.record.call.end = CUT;
            }
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    self.ending.clean(trailers);
                }
            }
            Poll::Pending => {}
        }
        if let Poll::Ready(None) = polled {
            return polled;
        }
        let Self { record, plane, watch, .. } = &mut *self;
        if let Poll::Ready(ended) = watch.poll(polled.is_pending(), || record.lasting(plane, false), cx) {
            self.record.call.end = CUT;
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
        if self.record.call.end == LEFT && self.body.is_end_stream() {
            self.record.call.end = COMPLETE;
        }
    }
}
