//! Sockets that whoever started this process opened for it, as systemd does: `LISTEN_FDS`, and in `LISTEN_FDNAMES` the
//! door of each. They stay open while one process follows another, so that no caller is refused meanwhile.

use std::net::TcpListener;

use anyhow::{Context as _, bail};
use listenfd::ListenFd;

use crate::gateway::Inherited;

/// The sockets given to this process, none if it was started without any.
#[expect(clippy::disallowed_methods, reason = "part of how processes are started, not a setting")]
pub(super) fn take() -> anyhow::Result<Inherited> {
    let mut given = ListenFd::from_env();
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut inherited = Inherited::default();
    for at in 0..given.len() {
        let name = names.get(at).copied().unwrap_or_default();
        let place = match name {
            "gateway" => &mut inherited.gateway,
            "control" => &mut inherited.control,
            "admin" => &mut inherited.admin,
            _ => bail!(
                "LISTEN_FDNAMES calls socket {at} {name:?}; name each after its door: gateway, control or admin \
                 (FileDescriptorName= in a socket unit)"
            ),
        };
        let socket = given.take_tcp_listener(at).with_context(|| format!("the socket for {name}"))?;
        if place.replace(listening(socket)?).is_some() {
            bail!("two sockets were given for the {name} door; give one");
        }
    }
    Ok(inherited)
}

fn listening(socket: Option<TcpListener>) -> anyhow::Result<TcpListener> {
    let socket = socket.context("a socket in LISTEN_FDS was taken twice")?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
