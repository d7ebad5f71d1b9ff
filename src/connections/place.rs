//! Where a connection's values lead: an address that may not be dialled is refused before anything is stored.
//!
//! It is the earlier of two times: a name may lead elsewhere tomorrow, so the way out vets every address that it dials.

use std::{iter, net::IpAddr};

use super::{Connections, Wrong, input::Refused, prepare, values::Values};
use crate::catalog::{app::App, auth::Auth, template::Template};

impl Connections {
    /// Refuses values with which a base of the app would be at a private or reserved address. A base that these values
    /// don't fill yet is passed over.
    pub(super) async fn vet(&self, app: &App, way: &Auth, values: &Values) -> Result<(), Refused> {
        let routes = app.routes.iter().map(|route| &route.base);
        for template in iter::once(app.base_of(way, app.environment(values))).chain(routes) {
            let Ok(base) = prepare::base(template, values) else { continue };
            let host = base.authority.host();
            if depends(template, host) && self.parts.http.vet(host).await.is_err() {
                let field = template.authority_names().first().copied().unwrap_or("base").to_owned();
                let problem =
                    "leads to a private or reserved address; the operator can permit it with egress.allow";
                return Err(Refused { wrong: Wrong::Address, ..Refused::new(&field, problem) });
            }
        }
        Ok(())
    }
}

/// Whether there is something to ask: names that the file writes out are its author's.
fn depends(template: &Template, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    !template.authority_names().is_empty() || bare.parse::<IpAddr>().is_ok()
}
