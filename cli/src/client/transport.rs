//! How bytes get to the server: TLS only where the URL asks for it, no redirects.

use std::sync::Arc;
use std::time::Duration;

use home::ServerUrl;
use rustls::crypto::ring;

use crate::failure::{Failure, Result};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for one server.
///
/// Reading the system's certificates costs more than all else a short command does, so it is left
/// out where nothing will be encrypted. A server on this machine is reached without a proxy. A
/// redirect is not followed: it could carry the token to another host.
pub(crate) fn build(server: &ServerUrl) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("mcpctl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true);
    if server.is_loopback() {
        builder = builder.no_proxy();
    }
    with_tls(builder, server.is_https())?
        .build()
        .map_err(|why| {
            Failure::failed(format!("no connection to {server} can be made")).caused_by(&why)
        })
}

/// The same choice for any client: certificates are read only where they are needed.
pub(crate) fn with_tls(
    builder: reqwest::ClientBuilder,
    is_https: bool,
) -> Result<reqwest::ClientBuilder> {
    if is_https {
        // Already installed is as good as installed now.
        let _ = ring::default_provider().install_default();
        return Ok(builder);
    }
    Ok(builder.tls_backend_preconfigured(without_certificates()?))
}

fn without_certificates() -> Result<rustls::ClientConfig> {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| Failure::failed("TLS can't be set up").caused_by(&why))?;
    Ok(config
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}
