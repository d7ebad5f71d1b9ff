//! From an app's file and a connection's values to what signs its requests.

use std::sync::Arc;

use super::{prepare::Unfit, values::Values};
use crate::{
    catalog::{auth::Sign, template::Template},
    sign::{Signer, oauth1::OAuth1, sigv4::SigV4},
    vault::Secret,
};

/// The signer that `sign` describes for one connection.
pub(super) fn signer(sign: &Sign, values: &Values) -> Result<Arc<Signer>, Unfit> {
    let fill = |template: &Template| template.fill(values).map(Secret::new).map_err(Unfit::from);
    // What an optional field leaves empty is left out.
    let optional = |template: &Option<Template>| {
        let filled = template.as_ref().and_then(|template| template.fill(values).ok());
        filled.filter(|value| !value.is_empty()).map(Secret::new)
    };
    let signer = match sign {
        Sign::OAuth1 { signature, realm, consumer_key, consumer_secret, token, token_secret } => {
            let (key, secret) = (fill(consumer_key)?, fill(consumer_secret)?);
            let (token, token_secret) = (fill(token)?, fill(token_secret)?);
            let signer = OAuth1::new(*signature, (&key, &secret), Some((&token, &token_secret)));
            let realm = optional(realm);
            Signer::OAuth1(match realm {
                Some(realm) => signer
                    .with_realm(realm.expose())
                    .ok_or_else(|| Unfit::new("what the app's file takes for a realm can't be one"))?,
                None => signer,
            })
        }
        Sign::SigV4 { service, region, access_key_id, secret_access_key, session_token } => {
            let (service, region) = (fill(service)?, fill(region)?);
            let (id, key) = (fill(access_key_id)?, fill(secret_access_key)?);
            let session = optional(session_token);
            Signer::SigV4(SigV4::new((service.expose(), region.expose()), &id, &key, session.as_ref()))
        }
    };
    Ok(Arc::new(signer))
}
