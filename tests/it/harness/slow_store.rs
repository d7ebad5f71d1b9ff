//! A PostgreSQL database behind a relay that holds every answer back for a moment.

use std::{path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    time::sleep,
};
use url::Url;

/// Where the relay leads.
#[derive(Clone)]
enum Server {
    Socket(PathBuf),
    Port(String),
}

/// The URL of a database of one's own, whose every answer takes `delay` longer.
pub(crate) async fn database(delay: Duration) -> String {
    let url: Url = super::postgres::database().await.parse().unwrap();
    let query =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let server = match query("host") {
        Some(folder) => Server::Socket(PathBuf::from(folder).join(".s.PGSQL.5432")),
        None => Server::Port(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))),
    };
    let user = query("user").unwrap_or_else(|| url.username().to_owned());
    let password = url.password().map(|password| format!(":{password}")).unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(relay(socket, server.clone(), delay));
        }
    });
    format!("postgres://{user}{password}@127.0.0.1:{port}{}", url.path())
}

async fn relay(socket: TcpStream, server: Server, delay: Duration) {
    let (from_gateway, to_gateway) = socket.into_split();
    match server {
        Server::Socket(path) => {
            let (answers, questions) = UnixStream::connect(path).await.unwrap().into_split();
            tokio::spawn(copy(from_gateway, questions, Duration::ZERO));
            copy(answers, to_gateway, delay).await;
        }
        Server::Port(address) => {
            let (answers, questions) = TcpStream::connect(address).await.unwrap().into_split();
            tokio::spawn(copy(from_gateway, questions, Duration::ZERO));
            copy(answers, to_gateway, delay).await;
        }
    }
}

/// Each half ends the other one by being dropped.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        sleep(delay).await;
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
