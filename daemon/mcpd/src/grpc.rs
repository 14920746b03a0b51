//! The second port: the job queue over gRPC, by crate `rpc`.
//!
//! It has a thread of its own. A message may have 20 MiB, and while one is decoded nothing else
//! moves on that thread: neither the jobs' clock, commits and leases (thread `jobs`) nor a chat (the
//! serving threads) shall wait for it. One is enough: behind it, all wait for the same commits.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use http::HeaderMap;
use kit::lifecycle::Ends;
use rpc::{Caller, Callers, Denied, Parts};
use shared::role::Role;

use crate::auth::{Access, Auth};
use crate::config::GrpcListen;
use crate::http::error::ApiError;

/// Takes the port. Before anything else is done, so that a server that can't have it leaves no trace.
///
/// Shape: nothing where gRPC is off, or where the default port is taken.
/// Errors: where the port that somebody asked for can't be had.
pub(crate) fn bind(wanted: GrpcListen) -> anyhow::Result<Option<TcpListener>> {
    match wanted {
        GrpcListen::Off => Ok(None),
        GrpcListen::At(address) => listen(address).map(Some).with_context(|| {
            format!(
                "can't listen for gRPC on {address}; choose another address with --grpc-listen, \
                 or `off`"
            )
        }),
        // A second server of somebody who never heard of gRPC must start.
        GrpcListen::Default(address) => match listen(address) {
            Ok(listener) => Ok(Some(listener)),
            Err(error) => {
                tracing::warn!(%address, %error,
                    "no gRPC: its default port can't be had; choose another with \
                     MCPD_GRPC_LISTEN=ADDR, or say MCPD_GRPC_LISTEN=off"
                );
                Ok(None)
            }
        },
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Starts the thread; it ends with the lifecycle's hard stop.
///
/// Errors: where the system gives no thread or no event queue.
pub(crate) fn start(listener: TcpListener, parts: Parts) -> io::Result<()> {
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let run = async move {
        let lifecycle = parts.lifecycle.clone();
        lifecycle.spawn("grpc", Ends::WithTheProgram, async move {
            if let Err(error) = rpc::serve(listener, parts).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "gRPC can't be served");
            }
        });
        // Until then others may use database connections that were opened on this thread.
        lifecycle.dropping().await;
    };
    let thread = std::thread::Builder::new().name("grpc".into());
    thread.spawn(move || runtime.block_on(run))?;
    tracing::info!(%address, "gRPC is served");
    Ok(())
}

impl Callers for Auth {
    fn authorize(&self, headers: &HeaderMap, role: Role) -> Result<Caller, Denied> {
        let found = Auth::authorize(self, headers, Access::Role(role)).map_err(denied)?;
        let found = found.ok_or_else(|| Denied::Unknown("nobody knows who calls".into()))?;
        Ok(Caller {
            principal: Arc::from(found.principal()),
            token_id: Arc::from(&*found.record.id),
            is_admin: found.covers(Role::Admin),
            revoked: found.caller.revoked.clone(),
        })
    }
}

/// The words of HTTP: a status has room for one text.
fn denied(error: ApiError) -> Denied {
    let body = error.body.error;
    let text = match body.hint {
        Some(hint) => format!("{}: {hint}", body.message),
        None => body.message,
    };
    match error.status {
        http::StatusCode::FORBIDDEN => Denied::Forbidden(text),
        _ => Denied::Unknown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_asked_for_must_be_had_and_the_default_one_need_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let why = bind(GrpcListen::At(address)).unwrap_err().to_string();
        assert!(
            why.contains(&address.to_string()) && why.contains("--grpc-listen"),
            "{why}"
        );
        assert!(bind(GrpcListen::Default(address)).unwrap().is_none());
        drop(taken);
        assert!(bind(GrpcListen::Default(address)).unwrap().is_some());
    }
}
