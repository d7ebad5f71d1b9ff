//! What the operator sees of a running gateway: log lines and numbers. Neither ever carries a header value, a body, a
//! token or a query. Nothing leaves the machine by itself: lines go to standard error, numbers are fetched.

pub mod call;
mod json;
mod lines;
pub mod logs;
pub mod metrics;
mod plain;

pub use self::{
    call::Call,
    metrics::{Flood, Metrics},
};
