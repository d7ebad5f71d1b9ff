//! How much memory a stream costs the gateway itself, measured from outside at the kernel's own count.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
};

use super::{
    gateway::Gateway,
    upstreams::{BEARER, app},
};

/// What goes through; `benches/stream.py` takes more.
const SIZE: usize = 256 << 20;
/// What a stream may cost.
const LIMIT_KIB: usize = 16 << 10;
const PIECE: usize = 64 << 10;

/// Reads a head; its first line, and the content length it says.
fn head(stream: &mut TcpStream) -> (String, usize) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    (head.lines().next().unwrap().to_owned(), length.unwrap_or(0))
}

fn take(stream: &mut TcpStream, size: usize) {
    assert_eq!(std::io::copy(&mut stream.take(size as u64), &mut std::io::sink()).unwrap(), size as u64);
}

fn give(stream: &mut TcpStream, size: usize) {
    let zeros = vec![0; PIECE];
    (0..size / PIECE).for_each(|_| stream.write_all(&zeros).unwrap());
}

/// Takes what is sent, and gives as much to whoever sends nothing. Serves so many connections.
fn upstream(listener: TcpListener, connections: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let (first, length) = head(&mut stream);
            take(&mut stream, length);
            let size = if first.starts_with("get /large") { SIZE } else { 0 };
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            give(&mut stream, size);
        }
    })
}

/// A line of the kernel's count for a process, in KiB.
fn kib(process: u32, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How much more memory than before the gateway needed at most while `call` went through.
fn growth(gateway: &Gateway, call: impl FnOnce()) -> usize {
    let process = gateway.process();
    let before = kib(process, "VmRSS:");
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap(); // forgets the peak
    call();
    kib(process, "VmHWM:").saturating_sub(before)
}

fn call(gateway: &Gateway, line: &str, upload: usize) -> usize {
    let mut stream = TcpStream::connect(gateway.url().trim_start_matches("http://")).unwrap();
    let key = gateway.key();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ncontent-length: {upload}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    give(&mut stream, upload);
    let (first, length) = self::head(&mut stream);
    assert!(first.starts_with("http/1.1 200"), "{first}");
    take(&mut stream, length);
    length
}

fn connect(gateway: &Gateway) {
    let mut stream = TcpStream::connect(gateway.control().trim_start_matches("http://")).unwrap();
    let body = r#"{"app":"large","method":"API_KEY","credentials":{"api_key":"sk_large"}}"#;
    let head = format!(
        "POST /connections HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        gateway.key(),
        body.len()
    );
    stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).unwrap();
    let (first, _) = self::head(&mut stream);
    assert!(first.starts_with("http/1.1 200"), "{first}");
}

#[test]
fn pf_6_a_large_body_either_way_costs_no_more_than_a_small_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_, file) = app("large", &format!("http://{}", listener.local_addr().unwrap()), BEARER);
    let gateway = Gateway::start(&[("large", file)], "");
    let serving = upstream(listener, 4);
    connect(&gateway);
    // What the first call needs once and for all is not the stream's.
    call(&gateway, "GET /large/small", 0);
    call(&gateway, "PUT /large/small", PIECE);
    let down = growth(&gateway, || assert_eq!(call(&gateway, "GET /large/large", 0), SIZE));
    let up = growth(&gateway, || assert_eq!(call(&gateway, "PUT /large/large", SIZE), 0));
    serving.join().unwrap();
    assert!(down.max(up) <= LIMIT_KIB, "KiB more: {down} on the way down, {up} on the way up");
}
