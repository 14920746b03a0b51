//! The control socket: `mcpctl local ...` asks, the daemon answers.
//!
//! A unix socket that only its owner may open; who connects is asked for his user id all the same.
//! One JSON line asks, JSON lines answer.

mod answer;

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use home::Home;
use kit::lifecycle::{Ends, Lifecycle};
use shared::local_control::{MAX_REQUEST_BYTES, Reply, Request};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

pub use answer::Desk;

/// Askers at once; further ones wait.
const ASKERS: usize = 16;
/// How long an asker may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the socket of `home`. Whoever holds the home's lock may remove one that was left behind.
///
/// Errors: the system's, such as a path that is too long for a socket.
pub fn bind(home: &Home) -> io::Result<UnixListener> {
    let path = home.socket_path();
    match std::fs::remove_file(&path) {
        Err(failed) if failed.kind() != io::ErrorKind::NotFound => return Err(failed),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the soft stop.
pub async fn run(listener: UnixListener, desk: Desk, lifecycle: Lifecycle) {
    let places = Arc::new(Semaphore::new(ASKERS));
    let us = rustix::process::geteuid().as_raw();
    loop {
        let accepted = tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(failed) => {
                tracing::warn!(%failed, "the control socket can't take a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == us) {
            tracing::warn!("another user at the control socket is refused");
            continue;
        }
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let (desk, stopping) = (desk.clone(), lifecycle.soft_token());
        lifecycle.spawn("control", Ends::Alone, async move {
            let _place = place;
            tokio::select! {
                biased;
                () = stopping.cancelled() => {}
                served = serve(stream, desk) => if let Err(failed) = served {
                    tracing::debug!(%failed, "an asker at the control socket went away");
                }
            }
        });
    }
}

async fn serve(stream: UnixStream, desk: Desk) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let mut read = BufReader::new(read).take(MAX_REQUEST_BYTES as u64);
    let asked = tokio::time::timeout(PATIENCE, read.read_until(b'\n', &mut line));
    asked.await.map_err(io::Error::other)??;
    let request: Request = match serde_json::from_slice(&line) {
        Ok(request) => request,
        Err(wrong) => {
            let reply = Reply::Error {
                message: format!("the request can't be read: {wrong}"),
                hint: Some("are mcpctl and mcplocal of the same version?".into()),
            };
            return say(&mut write, &reply).await;
        }
    };
    let Request::Logs { tail, follow } = request else {
        let reply = desk.answer(request).await;
        return say(&mut write, &reply).await;
    };
    let (lines, mut to_come) = desk.logs.read(tail);
    for line in lines {
        let line = line.to_string();
        say(&mut write, &Reply::Log { line }).await?;
    }
    if !follow {
        return Ok(());
    }
    loop {
        let line = tokio::select! {
            line = to_come.recv() => line,
            // The asker says nothing more; reading tells when he is gone.
            gone = read.get_mut().fill_buf() => match gone {
                Ok([]) | Err(_) => return Ok(()),
                Ok(more) => {
                    let more = more.len();
                    read.get_mut().consume(more);
                    continue;
                }
            },
        };
        let line = match line {
            Ok(line) => line.to_string(),
            Err(tokio::sync::broadcast::error::RecvError::Lagged(lines)) => {
                format!("({lines} lines skipped)")
            }
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return Ok(()),
        };
        say(&mut write, &Reply::Log { line }).await?;
    }
}

async fn say(to: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    to.write_all(&line).await
}
