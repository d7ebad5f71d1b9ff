//! What the fuzz targets of `tests/fuzz` call: one function for each place where strangers' bytes are read.
//!
//! Each takes any bytes, drives the code that ships, and panics where a property does not hold. Only tests and fuzz
//! builds have this module. What is private to a room is driven from that room's own `fuzzing`.

mod fields;
mod head;
#[cfg(test)]
mod lists;
mod pipe;
mod template;
pub(crate) mod wire;

pub use self::{fields::fields, head::head, template::template};
pub use crate::{
    connections::fuzzing::tenant,
    oauth::fuzzing::token_answer,
    plane::fuzzing::{key, location, route},
};

/// The lines of an input, as far as they are text.
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &str> {
    data.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok())
}

#[cfg(test)]
mod tests;
