//! Tenant values: whatever an app's file lets into a host, the host is one of that app's.
//!
//! Two readers have to agree on what it is: the one that requests go by, and the URL standard's.

use std::sync::LazyLock;

use url::Url;

use super::{prepare, values::Values};
use crate::catalog::{App, Catalog, Template, template::Values as Named};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap_or_default());

/// The input is the value of every field that accepts it; other fields have their example.
///
/// # Panics
///
/// Where a property does not hold.
pub fn tenant(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    assert!(CATALOG.iter().next().is_some(), "the built-in apps are read");
    for app in CATALOG.iter() {
        let mut values = Values::default();
        let mut taken = false;
        for field in &app.fields {
            let good = field.accepts(value).is_ok();
            taken |= good;
            let shown = field.example.as_deref().or(field.default.as_deref());
            let other = shown.or_else(|| field.choices.first().map(String::as_str)).unwrap_or("1");
            values.set(&field.name, if good { value } else { other });
        }
        if taken {
            bases(app).for_each(|base| host_is_the_apps(base, &values, value));
        }
    }
}

/// Every base that calls of the app can go to.
fn bases(app: &App) -> impl Iterator<Item = &Template> {
    let ways = app.auth.iter().filter_map(|way| way.base.as_ref());
    let environments = app.environments.iter().filter_map(|environment| environment.base.as_ref());
    let routes = app.routes.iter().map(|route| &route.base);
    std::iter::once(&app.base).chain(ways).chain(environments).chain(routes)
}

fn host_is_the_apps(template: &Template, values: &Values, value: &str) {
    let Ok(base) = prepare::base(template, values) else { return };
    let authority = base.authority.as_str();
    let fixed = template.authority().rsplit('}').next().unwrap_or_default();
    let whole = template.as_str().starts_with("${");
    assert!(authority.ends_with(fixed) && !authority.contains(['@', ',', ' ']), "{value:?}: {authority}");
    // A host that is left to whoever says it is what was said, whole, and nothing behind it.
    let last = template.authority().rsplit("${").next().unwrap_or_default().trim_end_matches('}');
    let said = Named::value(values, last).unwrap_or_default();
    assert!(!fixed.is_empty() || whole || authority.ends_with(said), "{value:?}: {authority}");
    let url = template.fill(values).ok().and_then(|text| Url::parse(&text).ok());
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    assert!(base.authority.host().eq_ignore_ascii_case(host), "{value:?}: {authority} or {host}?");
}
