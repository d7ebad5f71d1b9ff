//! The wire: bodies, headers, the outgoing client and the shape of a problem. Knows nothing of apps or owners.

pub mod problem;
pub mod request_id;
