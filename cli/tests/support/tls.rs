//! A port that speaks TLS, with a certificate as a test wants it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::{Duration, OffsetDateTime};

/// What is special about a certificate.
pub struct Certificate {
    host: &'static str,
    has_expired: bool,
    /// Whether the client is to know it.
    pub is_trusted: bool,
}

impl Certificate {
    /// Signed by itself, and known to nobody.
    pub fn unknown() -> Self {
        Self {
            host: "localhost",
            has_expired: false,
            is_trusted: false,
        }
    }

    /// Known, but over.
    pub fn expired() -> Self {
        Self {
            host: "localhost",
            has_expired: true,
            is_trusted: true,
        }
    }

    /// Known, and for `host`.
    pub fn trusted(host: &'static str) -> Self {
        Self {
            host,
            has_expired: false,
            is_trusted: true,
        }
    }
}

/// Listens until the test ends; its port, and the certificate as PEM.
pub fn tls_server(certificate: &Certificate) -> (u16, String) {
    let mut params = CertificateParams::new([certificate.host.to_owned()]).unwrap();
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(30);
    params.not_after = now + Duration::days(if certificate.has_expired { -1 } else { 30 });
    let key = KeyPair::generate().unwrap();
    let signed = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![signed.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            std::thread::spawn(move || {
                let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                // Whoever does not like the certificate leaves; whoever speaks no TLS is told so.
                let _ = tls.read(&mut [0; 4096]);
                let _ = tls.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            });
        }
    });
    (port, signed.pem())
}
