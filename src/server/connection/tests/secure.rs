//! The same over TLS: what the wrapping must not hide.

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::{io::split, time::Instant};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;

/// Both sides' parts of a certificate made on the spot; the caller offers `alpn`.
fn pair(alpn: &[u8]) -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = || Arc::new(aws_lc_rs::default_provider());
    let server =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut server =
        server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![alpn.to_vec()];
    (Arc::new(server).into(), Arc::new(client).into())
}

/// A caller whose handshake is done, and the place that its connection holds.
async fn secured(alpn: &[u8], service: Service) -> (TlsStream<DuplexStream>, Arc<Semaphore>) {
    let (acceptor, connector) = pair(alpn);
    let (socket, places) = served_over(Some(acceptor), service);
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), socket).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
    (stream, places)
}

async fn ask(caller: &mut TlsStream<DuplexStream>) {
    caller.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        assert_ne!(caller.read_buf(&mut answer).await.unwrap(), 0, "closed");
    }
}

#[tokio::test(start_paused = true)]
async fn rp_14_silence_ends_in_time_before_and_behind_a_handshake() {
    let start = Instant::now();
    let (mut silent, places) = served_over(Some(pair(b"h2").0), hello());
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    drop(places.acquire().await.unwrap());
    assert!(start.elapsed() < LIMITS.head_timeout + Duration::from_secs(3));
    for (alpn, first) in
        [(&b"h2"[..], &b""[..]), (b"h2", b"PRI * HTTP/2"), (b"http/1.1", b""), (b"http/1.1", b"GET / HT")]
    {
        let (mut caller, places) = secured(alpn, hello()).await;
        let start = Instant::now();
        caller.write_all(first).await.unwrap();
        // Without a farewell of TLS: an error, or an end.
        while caller.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
        drop(places.acquire().await.unwrap());
        assert!(start.elapsed() < LIMITS.head_timeout + Duration::from_secs(3), "{alpn:?} {first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_and_serves_again_over_tls() {
    let (mut caller, places) = secured(b"http/1.1", hello()).await;
    for _ in 0..3 {
        ask(&mut caller).await;
        tokio::time::sleep(LIMITS.idle_timeout.checked_sub(Duration::from_secs(10)).unwrap()).await;
    }
    let start = Instant::now();
    while caller.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
    drop(places.acquire().await.unwrap());
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn rp_14_a_peer_that_does_not_read_is_cut_over_tls() {
    let endless: Service =
        Arc::new(|_| Box::pin(async { http::Response::new(body::full(vec![b'x'; 64 << 20])) }));
    let (caller, places) = secured(b"http/1.1", endless).await;
    let (start, (_unread, mut writer)) = (Instant::now(), split(caller));
    writer.write_all(REQUEST).await.unwrap();
    writer.flush().await.unwrap();
    drop(places.acquire().await.unwrap());
    let took = start.elapsed();
    let second = Duration::from_secs(1);
    assert!(took + second >= LIMITS.idle_timeout && took < LIMITS.idle_timeout * 2, "{took:?}");
}
