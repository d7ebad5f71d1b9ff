//! The apps: what an app file says, how a template is filled, which app a slug means.

pub mod app;
pub mod auth;
pub mod pattern;
pub mod template;
