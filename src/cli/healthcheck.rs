//! `keyferry healthcheck`: asks the admin door of the gateway on this machine, for containers without a shell.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::{options::Options, print};

/// Longer than a healthy gateway ever takes, shorter than what supervisors wait.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let address = reachable(options.settings()?.admin.listen);
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url = format!("http://{address}/healthz").parse()?;
    let answer = tokio::time::timeout(PATIENCE, client.get(url)).await;
    let answer = answer
        .with_context(|| format!("{address} has not answered within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("nothing healthy at {address} (`keyferry serve` opens it)"))?;
    if !answer.status().is_success() {
        bail!("{address} answered {}", answer.status());
    }
    print::line("healthy")
}

/// A door that listens everywhere is asked on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_that_listens_everywhere_is_asked_here() {
        for (listen, asked) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
