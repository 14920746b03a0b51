//! Why a request got no answer. Each first-time mistake has its own words.

use std::error::Error;
use std::io;

use home::ServerUrl;

use crate::exit_code::Exit;
use crate::failure::Failure;

/// Turns an error of the transport into what a person can act on.
pub(crate) fn explain(server: &ServerUrl, why: &reqwest::Error) -> Failure {
    let failure = |message: String| Failure::new(Exit::Unavailable, message);
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
        _ if why.is_connect() => failure(format!("no connection to {server}"))
            .cause(innermost(why))
            .hint("check the network, and HTTP_PROXY / HTTPS_PROXY where a proxy is set"),
        _ => failure(format!("the connection to {server} broke off"))
            .cause(innermost(why))
            .hint("once more with `-v`, which shows how far it came"),
    }
}

fn tls_failure(server: &ServerUrl, why: &rustls::Error) -> Failure {
    let failure = Failure::new(
        Exit::Unavailable,
        format!("the TLS connection to {server} failed"),
    )
    .cause(why.to_string());
    match why {
        rustls::Error::InvalidMessage(_) => failure.hint(format!(
            "this port may not speak TLS: try http://{}",
            server.authority()
        )),
        rustls::Error::InvalidCertificate(_) => failure.hint(
            "check the host name and this machine's clock; for a private CA add it to the \
             system's store, or name it by SSL_CERT_FILE",
        ),
        _ => failure.hint("`-v` shows how far it came"),
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
