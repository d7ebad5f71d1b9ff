//! An upstream that reads strictly and remembers: which requests arrived whole, and what no request may look like.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::wire::{Message, read};

/// The recorder. It lives as long as the test's runtime, and answers every request with an empty 200.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

/// What has arrived.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) whole: Vec<Message>,
    /// What can't be read as a request in one way only, with the reason.
    pub(crate) wrong: Vec<String>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::<Mutex<Kept>>::default();
        let keeps = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&keeps)));
            }
        });
        Self { address, kept }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything so far; it is forgotten.
    pub(crate) fn take(&self) -> Kept {
        std::mem::take(&mut self.kept.lock().unwrap())
    }
}

async fn serve(mut socket: TcpStream, kept: Arc<Mutex<Kept>>) {
    let mut bytes = Vec::new();
    loop {
        match read(&bytes) {
            Ok(Some((message, rest))) => {
                bytes = rest.to_vec();
                kept.lock().unwrap().whole.push(message);
                if socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                    return;
                }
            }
            Ok(None) => match socket.read_buf(&mut bytes).await {
                Ok(read) if read > 0 => {}
                // What broke off is no request.
                _ => return,
            },
            Err(why) => {
                let shown = String::from_utf8_lossy(&bytes);
                kept.lock().unwrap().wrong.push(format!("{why}: {shown:?}"));
                return;
            }
        }
    }
}
