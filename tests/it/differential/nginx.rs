//! nginx as a plain reverse proxy: the reference that counts requests.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::net::TcpStream;

/// A running nginx, stopped when this is dropped.
pub(super) struct Nginx {
    pub(super) address: SocketAddr,
    child: Child,
    _dir: TempDir,
}

impl Nginx {
    /// In front of `upstream`. It ends silent connections after a second, as the gateway of these tests does.
    pub(super) async fn start(upstream: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().display();
        let address = free().await;
        let config = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
            events {{ worker_connections 4096; }}
            http {{
                access_log off;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
                uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                client_header_timeout 1s; client_body_timeout 1s; keepalive_timeout 1s; lingering_close off;
                large_client_header_buffers 4 64k;
                server {{
                    listen {address} backlog=4096;
                    location / {{ proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_set_header Connection ''; }}
                }}
            }}"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("nginx");
        let path = format!("{}:/usr/sbin", std::env::var_os("PATH").unwrap_or_default().display());
        command.env("PATH", path).arg("-c").arg(file).arg("-p").arg(dir.path()).stderr(Stdio::null());
        let child = command.spawn().expect("nginx is there; `make tools` installs it");
        let mut nginx = Self { address, child, _dir: dir };
        while TcpStream::connect(address).await.is_err() {
            assert!(nginx.child.try_wait().unwrap().is_none(), "nginx ended");
            tokio::task::yield_now().await;
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn free() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
