//! Calls that last: whether they would still be allowed, asked once a second until they would not.
//!
//! What is asked is what a new call on the same connection would be, and it is answered from what is at hand; only what
//! is not at hand any more is looked up. Only a clear no ends a call: neither a store out of reach, nor a provider
//! that has ended the grant and can say so itself.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::sleep;

use super::{Plane, upgrade};
use crate::{
    catalog::App,
    connections::ChooseError,
    id::ConnectionId,
    keys::{Caller, KeyError},
};

/// How often a call is asked about.
const EVERY: Duration = Duration::from_secs(1);
/// How long an answer has before that begins: what is short comes to its end.
const SHORT: Duration = Duration::from_secs(10);
/// From how many parts on an answer is asked about, though its parts never let anybody wait.
const PARTS: u32 = 16;

/// What was taken back is not used on.
#[derive(Debug, thiserror::Error)]
#[error("the key or the connection of this call has ended")]
pub(super) struct Ended;

/// Who may do what a call does.
pub(super) struct Lasting {
    pub(super) plane: Plane,
    pub(super) caller: Arc<Caller>,
    /// A call without a connection is its key's business only.
    pub(super) through: Option<(Arc<App>, ConnectionId)>,
    pub(super) tunnel: bool,
}

impl Lasting {
    /// Ends once the call would be refused.
    pub(super) async fn ends(self) {
        loop {
            sleep(EVERY).await;
            if !self.holds().await {
                return;
            }
        }
    }

    async fn holds(&self) -> bool {
        let plane = &*self.plane.0;
        let caller = match plane.keys.verify(&self.caller.digest).await {
            Ok(caller) if caller.owner == self.caller.owner => caller,
            Err(KeyError::Unavailable(_) | KeyError::Internal(_)) => return true,
            _ => return false,
        };
        if self.tunnel && caller.rules.method(&upgrade::METHOD).is_err() {
            return false;
        }
        let Some((app, connection)) = &self.through else { return true };
        match plane.connections.choose(caller.owner, app, Some(*connection), &caller.rules).await {
            Ok(_) | Err(ChooseError::Store(_) | ChooseError::Reauthorize { .. }) => true,
            Err(_) => false,
        }
    }
}

/// Watches over an answer, from when it turns out to be long.
#[derive(Default)]
pub(super) struct Watch {
    parts: u32,
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Watch {
    /// To be called at every part of the answer, and whenever it `waits` for one; says when it is over. Nothing is asked
    /// for what it `lasts` by before it turns out to be long.
    pub(super) fn poll(
        &mut self,
        waits: bool,
        lasts: impl FnOnce() -> Option<Lasting>,
        cx: &mut Context<'_>,
    ) -> Poll<Ended> {
        self.parts = self.parts.saturating_add(1);
        if self.over.is_none() {
            if !waits && self.parts < PARTS {
                return Poll::Pending;
            }
            let Some(lasting) = lasts() else { return Poll::Pending };
            self.over = Some(Box::pin(async {
                sleep(SHORT).await;
                lasting.ends().await;
            }));
        }
        let polled = self.over.as_mut().map_or(Poll::Pending, |over| over.as_mut().poll(cx));
        if polled.is_ready() {
            self.over = None;
        }
        polled.map(|()| Ended)
    }
}
