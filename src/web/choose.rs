//! The page that asks which of several accounts is meant, after the sign-in and before anything is stored.
//!
//! Opening it changes nothing; its button, posted from this browser's own page, picks once.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{Extensions, HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use subtle::ConstantTimeEq;

use super::{
    Web, away,
    callback::cookie_of,
    connect::with_cookie,
    csrf,
    done::{self, Done},
    frame::Frame,
    link::Link,
    monogram::Monogram,
    pages::{Candidate, ChoosePage, gone, show, steps},
    trouble,
    words::Words,
};
use crate::{
    connections::{Choosing, Outcome, PickError, Picking},
    net::request_id::RequestId,
};

/// Leads a browser to the page.
pub(super) fn lead(web: &Web, picking: &Picking) -> Response {
    let to = Redirect::to(&format!("/choose/{}", picking.ticket)).into_response();
    with_cookie(to, web.jar().set(&cookie_of(&picking.ticket), &picking.cookie))
}

/// `GET /choose/{ticket}`: in the browser that signed in.
pub(super) async fn page(
    State(web): State<Web>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    list(&web, &ticket, &headers, &extensions, StatusCode::OK).await
}

async fn list(
    web: &Web,
    ticket: &str,
    headers: &HeaderMap,
    extensions: &Extensions,
    status: StatusCode,
) -> Response {
    let words = Words::of(extensions);
    let Some(cookie) = web.jar().get(headers, &cookie_of(ticket)) else { return gone(&words) };
    match web.0.connections.choosing(ticket, Some(&cookie)).await {
        Ok(choosing) => {
            let wrong = status != StatusCode::OK;
            show(status, &filled(&words, choosing, (ticket, &csrf::token(&cookie, ticket)), wrong))
        }
        Err(PickError::Refused | PickError::Unknown) => gone(&words),
        Err(PickError::Store(fault)) => trouble::fault(&fault, extensions),
    }
}

fn filled(words: &Words, choosing: Choosing, (ticket, csrf): (&str, &str), wrong: bool) -> ChoosePage {
    let app = &choosing.app.display_name;
    let candidate = |(at, one): (usize, &crate::connections::Choice)| Candidate {
        id: format!("c-{at}"),
        value: one.value.clone(),
        label: super::inert::inert(&one.label),
        focus: at == 0 && wrong,
    };
    ChoosePage {
        steps: steps(words, Some(app), 1),
        app: Monogram::new(app),
        owner: Monogram::new(&choosing.owner_name),
        label: choosing.label,
        candidates: choosing.candidates.iter().enumerate().map(candidate).collect(),
        wrong,
        ticket: ticket.to_owned(),
        csrf: csrf.to_owned(),
        t: Frame::at(words, &format!("/choose/{ticket}")),
    }
}

/// What the form carries.
struct Posted {
    ticket: String,
    csrf: String,
    /// The candidate; none where the other button was pressed.
    picked: Option<String>,
    leaves: bool,
}

impl Posted {
    fn read(body: &[u8]) -> Option<Self> {
        let one = |name: &str| {
            let mut found = form_urlencoded::parse(body).filter(|(known, _)| known == name);
            let value = found.next()?.1.into_owned();
            found.next().is_none().then_some(value)
        };
        Some(Self {
            ticket: one("ticket")?,
            csrf: one("csrf")?,
            picked: one("candidate"),
            leaves: one("none").is_some(),
        })
    }
}

/// `POST /choose`: one was picked, or none.
pub(super) async fn submit(
    State(web): State<Web>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let own = csrf::from_own_page(&headers, &web.origin());
    let Some(posted) = Posted::read(&body).filter(|_| own) else { return trouble::forged(&extensions) };
    let cookie = web.jar().get(&headers, &cookie_of(&posted.ticket));
    let same = |cookie: &String| {
        let token = csrf::token(cookie, &posted.ticket);
        bool::from(token.as_bytes().ct_eq(posted.csrf.as_bytes()))
    };
    let Some(cookie) = cookie.filter(same) else { return trouble::forged(&extensions) };
    let again = StatusCode::UNPROCESSABLE_ENTITY;
    if posted.picked.is_none() && !posted.leaves {
        return list(&web, &posted.ticket, &headers, &extensions, again).await;
    }
    let value = posted.picked.as_deref().filter(|_| !posted.leaves);
    let response = match web.0.connections.pick(&posted.ticket, Some(&cookie), value).await {
        Ok(outcome) => follow(&web, &headers, &extensions, outcome).await,
        Err(PickError::Unknown) => return list(&web, &posted.ticket, &headers, &extensions, again).await,
        Err(PickError::Refused) => {
            done::failed(&web, &Words::of(&extensions), Done::refused(&RequestId::of(&extensions)))
        }
        Err(PickError::Store(fault)) => return trouble::fault(&fault, &extensions),
    };
    with_cookie(response, web.jar().remove(&cookie_of(&posted.ticket)))
}

/// Where a browser goes after a pick. It comes from a form, so another origin is reached by a page (`away`).
async fn follow(web: &Web, headers: &HeaderMap, extensions: &Extensions, outcome: Outcome) -> Response {
    let words = Words::of(extensions);
    let back = |url: &str| away::to(&words, headers, url, &words.say("away-back"));
    match outcome {
        Outcome::Choose(picking) => lead(web, &picking),
        Outcome::Connected(finished) => {
            let forget = Link::forget(web.jar(), finished.connection.id);
            let response = match &finished.return_to {
                Some(url) => back(url),
                None => done::connected(web, &finished).await,
            };
            with_cookie(response, forget)
        }
        Outcome::Failed { finished, reason, retry } => {
            let id = RequestId::of(extensions);
            let failed = || Done::failed(&finished.app.display_name, &reason, None, retry, &id);
            let back = finished.return_to.as_deref().map(back);
            back.unwrap_or_else(|| done::failed(web, &words, failed()))
        }
    }
}
