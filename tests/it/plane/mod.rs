//! The data plane, through the real gateway to an upstream that keeps every byte.

mod addresses;
mod bodies;
mod broken;
mod crowded;
mod fields;
mod first_call;
mod floods;
mod framing;
mod generated;
mod heads;
mod hostile;
mod hostile_http2;
mod http2;
mod interim;
mod keys;
mod leaving;
mod redirects;
mod refusals;
mod repeats;
mod rules;
mod sealed;
mod select;
mod targets;
mod trailers;
mod websocket;
mod wire;
