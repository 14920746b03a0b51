//! nginx as a reverse proxy, set up as its documentation advises for streams: kept upstream connections, HTTP/1.1, no
//! buffering, no access log.

use super::{Running, free_address};
use crate::bench::trouble::{During, Trouble};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// nginx in front of the mock.
#[derive(Debug)]
pub struct Nginx {
    /// The master process; the workers are its children.
    pub running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Nginx {
    /// Starts `program` in the folder `dir`, in front of `upstream`.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(program: &Path, dir: &Path, upstream: SocketAddr) -> Result<Self, Trouble> {
        let addr = free_address()?;
        let file = dir.join("nginx.conf");
        fs::write(&file, configuration(dir, addr, upstream))
            .during(format!("write {}", file.display()))?;
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(dir)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(dir.join("error.log"));
        let mut running = Running::start("nginx", &mut command, dir)?;
        running.listens(addr).await?;
        Ok(Self { running, addr })
    }
}

fn configuration(dir: &Path, addr: SocketAddr, upstream: SocketAddr) -> String {
    let dir = dir.display();
    // The workers must reach the temporary folders, so they stay the user that runs the bench.
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    format!(
        "{user}
daemon off;
worker_processes auto;
worker_rlimit_nofile 16384;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  upstream mock {{
    server {upstream};
    keepalive 256;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
  }}
  server {{
    listen {addr} backlog=4096;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_buffering off;
      proxy_read_timeout 300s;
    }}
  }}
}}
"
    )
}
