//! Why a request got no answer. Each first-time mistake has its own words.

use std::error::Error;
use std::io;

use home::ServerUrl;
use rustls::CertificateError;

use super::proxy::{self, Proxy};
use crate::exit_code::Exit;
use crate::failure::Failure;

/// Turns an error of the transport into what a person can act on.
pub(crate) fn explain(server: &ServerUrl, why: &reqwest::Error) -> Failure {
    let failure = |message: String| Failure::new(Exit::Unavailable, message);
    if let Some(proxy) = proxy::of(server).filter(|_| why.is_connect()) {
        return proxy_failure(server, &proxy, why);
    }
    if why.is_timeout() && why.is_connect() {
        return failure(format!("{server} did not accept a connection in time"))
            .cause("the host does not answer: it is off, or a firewall drops the connection")
            .hint("check the address with `mcpctl context show`, and the network");
    }
    if why.is_timeout() {
        return failure(format!("{server} did not answer in time"))
            .cause("the connection stands, but the answer took longer than --timeout allows")
            .hint("allow it more time, such as --timeout 2m");
    }
    if why.is_dns() {
        return failure(format!("the host of {server} is not known"))
            .cause(innermost(why))
            .hint("check the spelling with `mcpctl context show`, and the DNS or VPN");
    }
    if let Some(tls) = find::<rustls::Error>(why) {
        return tls_failure(server, tls);
    }
    match find::<io::Error>(why).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            failure(format!("{server} refused the connection"))
                .cause("the host is there, but nothing listens on this port")
                .hint("is `mcpd` running? `mcpctl context show` shows which server is meant")
        }
        Some(io::ErrorKind::InvalidData) if server.is_https() => {
            failure(format!("{server} does not speak TLS"))
                .cause(innermost(why))
                .hint(format!("try http://{}", server.authority()))
        }
        _ if is_no_http(server, why) => failure(format!("{server} answered, but not with HTTP"))
            .cause("this port may speak TLS, or belong to another program")
            .hint(format!(
                "try https://{}, or check the port",
                server.authority()
            )),
        _ if why.is_connect() => failure(format!("no connection to {server}"))
            .cause(innermost(why))
            .hint("check the network, and HTTP_PROXY / HTTPS_PROXY where a proxy is set"),
        _ => failure(format!("the connection to {server} broke off"))
            .cause(innermost(why))
            .hint("once more with `-v`, which shows how far it came"),
    }
}

/// The server was not even asked: who did not answer is the proxy.
fn proxy_failure(server: &ServerUrl, proxy: &Proxy, why: &reqwest::Error) -> Failure {
    let cause = match find::<io::Error>(why).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "it refused the connection".into(),
        _ if why.is_timeout() => "it did not answer in time".into(),
        _ => innermost(why),
    };
    let message = format!("the proxy {proxy} gave no way to {server}");
    Failure::new(Exit::Unavailable, message)
        .cause(cause)
        .hint(format!(
            "check HTTP_PROXY and HTTPS_PROXY, or go past the proxy: export NO_PROXY={}",
            server.host()
        ))
}

/// Bytes that are no HTTP.
fn is_no_http(server: &ServerUrl, why: &reqwest::Error) -> bool {
    !server.is_https() && find::<hyper::Error>(why).is_some_and(hyper::Error::is_parse)
}

fn tls_failure(server: &ServerUrl, why: &rustls::Error) -> Failure {
    let failure = |message: String| Failure::new(Exit::Unavailable, message);
    let broken = || failure(format!("the TLS connection to {server} failed"));
    match why {
        rustls::Error::InvalidMessage(_) => broken().cause(why.to_string()).hint(format!(
            "http://{} where this port does not speak TLS",
            server.authority()
        )),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => failure(format!("the certificate of {server} has expired"))
            .cause("its time is over, or this machine's clock is wrong")
            .hint("compare with `date`; else its certificate must be renewed at the server"),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => failure(format!("the certificate of {server} is for another host"))
            .cause(why.to_string())
            .hint("write the host in the URL as the certificate has it"),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => failure(format!(
            "the certificate of {server} is signed by nobody that this machine trusts"
        ))
        .cause("it is its own, or that of a private CA")
        .hint("add the CA to the system's store, or name it: export SSL_CERT_FILE=/path/ca.pem"),
        rustls::Error::InvalidCertificate(_) => broken()
            .cause(why.to_string())
            .hint("the certificate must be mended at the server"),
        _ => broken()
            .cause(why.to_string())
            .hint("`-v` shows how far it came"),
    }
}

/// The first error of type `E` in the chain, also inside an [`io::Error`].
fn find<'a, E: Error + 'static>(why: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(why);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(inside) = inside
            && let Some(found) = find::<E>(inside as &(dyn Error + 'static))
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What is at the bottom of it: the layers above only name themselves.
fn innermost(why: &(dyn Error + 'static)) -> String {
    let mut last = why;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
