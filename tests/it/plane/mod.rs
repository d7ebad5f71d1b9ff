//! The data plane, through the real gateway to an upstream that keeps every byte.

mod first_call;
