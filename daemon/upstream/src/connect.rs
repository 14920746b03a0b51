//! Opening a connection: resolve, judge the address, connect, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::address::AddressPolicy;
use crate::error::Error;
use crate::origin::Origin;

/// A connection, with TLS or without.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Opens a connection to `origin`.
///
/// Errors: those of [`Error::is_connect`].
pub(crate) async fn connect(
    origin: &Origin,
    policy: AddressPolicy,
    tls: &TlsRoots,
) -> Result<Stream, Error> {
    let tcp = connect_tcp(origin, policy, async || resolve(origin).await).await?;
    // Nagle and delayed acknowledgements together hold a token back for 40 ms.
    tcp.set_nodelay(true).map_err(|source| Error::Connect {
        origin: origin.label().into(),
        source,
    })?;
    if !origin.is_tls() {
        return Ok(Stream::Plain(tcp));
    }
    let failed = |source| Error::Tls {
        origin: origin.label().into(),
        source,
    };
    let name = ServerName::try_from(origin.host().to_owned())
        .map_err(|wrong| failed(io::Error::other(wrong)))?;
    let stream = tls.connector().connect(name, tcp).await.map_err(failed)?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// Resolves once, and dials what it has judged: a name that has another address a moment later gains
/// nothing by it.
async fn connect_tcp(
    origin: &Origin,
    policy: AddressPolicy,
    resolve: impl AsyncFnOnce() -> io::Result<Vec<SocketAddr>>,
) -> Result<TcpStream, Error> {
    let label = || origin.label().to_owned();
    let addresses = resolve().await.map_err(|source| Error::Resolve {
        origin: label(),
        source,
    })?;
    let mut last = None;
    for address in addresses {
        if !policy.allows(address.ip()) {
            return Err(Error::AddressRefused {
                origin: label(),
                address: address.ip(),
            });
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(failed) => last = Some(failed),
        }
    }
    Err(Error::Connect {
        origin: label(),
        source: last.unwrap_or_else(|| io::Error::other("the name has no address")),
    })
}

async fn resolve(origin: &Origin) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = (origin.host(), origin.port());
    if let Ok(literal) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(literal, port)]);
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// The certificates that the machine trusts, read when TLS is first used.
#[derive(Default)]
pub(crate) struct TlsRoots(std::sync::OnceLock<TlsConnector>);

impl TlsRoots {
    fn connector(&self) -> &TlsConnector {
        self.0.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            for problem in &found.errors {
                tracing::warn!(%problem, "a trusted certificate of this machine can't be read");
            }
            roots.add_parsable_certificates(found.certs);
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring supports the default TLS versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        })
    }
}

macro_rules! either {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain(plain) => {
                let $stream = Pin::new(plain);
                $call
            }
            Stream::Tls(tls) => {
                let $stream = Pin::new(tls.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(plain) => plain.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::net::TcpListener;

    use super::*;

    const POLICY: AddressPolicy = AddressPolicy::NoLinkLocal;

    /// A resolver that says something else each time.
    struct Rebinding(VecDeque<Vec<SocketAddr>>);

    impl Rebinding {
        async fn connect(&mut self) -> Result<TcpStream, Error> {
            let origin = Origin::parse("http://rebind.example/v1").unwrap();
            connect_tcp(&origin, POLICY, async || Ok(self.0.pop_front().unwrap())).await
        }
    }

    #[tokio::test]
    async fn the_address_that_was_judged_is_dialled() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let metadata = SocketAddr::from(([169, 254, 169, 254], 80));
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        let answers = [
            vec![good],
            vec![metadata],
            vec![metadata, good],
            vec![closed, metadata],
            vec![good, metadata],
        ];
        let mut name = Rebinding(answers.into());
        let (dialled, accepted) = tokio::join!(name.connect(), listener.accept());
        let dialled = dialled.unwrap();
        assert_eq!(dialled.peer_addr().unwrap(), good);
        assert_eq!(accepted.unwrap().1, dialled.local_addr().unwrap());
        // One answer per connection: the second is that of the next one.
        for _ in 0..3 {
            let refused = name.connect().await.unwrap_err();
            assert!(matches!(refused, Error::AddressRefused { .. }), "{refused}");
        }
        assert_eq!(name.connect().await.unwrap().peer_addr().unwrap(), good);
        assert!(name.0.is_empty());
    }
}
