//! A recipe that is an HTTP call: to a smart plug, a hypervisor, a server's own sleep endpoint.

use crate::config::HttpCall;
use crate::publish::Failed;

/// Of the answer, this much is read so that the connection can serve again, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Makes the call. Any 2xx is good; redirects are not followed.
pub(super) async fn send(call: &HttpCall, client: &upstream::Client) -> Result<(), Failed> {
    let mut request = http::Request::new(upstream::Body::full(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.path.clone();
    *request.headers_mut() = call.headers.clone();
    let method = &call.method;
    let answer = client.send(&call.origin, request).await;
    let answer = answer.map_err(|failed| Failed {
        for_owner: format!("its {method} failed: {failed}"),
        ..Failed::said("the HTTP call of its recipe got no answer")
    })?;
    let status = answer.status();
    let _ = upstream::read_all(answer.into_body(), MAX_ANSWER_BYTES).await;
    if status.is_success() {
        return Ok(());
    }
    let at = call.origin.label();
    let why = match status.is_redirection() {
        true => ": redirects are not followed, so the recipe must name the URL that does it",
        false => "",
    };
    Err(Failed {
        for_owner: format!("its {method} to {at} was answered {status}{why}"),
        ..Failed::said(format!(
            "the HTTP call of its recipe was answered {status}{why}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, Uri};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use upstream::Origin;

    use super::*;

    fn call_of(listener: &TcpListener) -> HttpCall {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_static("canary"));
        HttpCall {
            origin: Origin::parse(&url).unwrap(),
            path: Uri::from_static("/wake"),
            method: Method::POST,
            headers,
            body: Bytes::from_static(b"{}"),
        }
    }

    /// Answers the one request that comes with these bytes; what it was.
    async fn answers(listener: &TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n{}") {
            assert_ne!(stream.read_buf(&mut asked).await.unwrap(), 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}/stolen", other.local_addr().unwrap());
        let call = call_of(&listener);
        for status in [
            "301 Moved Permanently",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        ] {
            let answer = format!(
                "HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            );
            let client = upstream::Client::new(upstream::Config::default());
            let both = async { tokio::join!(send(&call, &client), answers(&listener, &answer)) };
            let (sent, asked) = tokio::select! {
                both = both => both,
                _ = other.accept() => panic!("{status}: the redirect was followed"),
            };
            assert!(asked.contains("x-key: canary\r\n"), "{asked}");
            let failed = sent.unwrap_err();
            let told = format!(
                "the HTTP call of its recipe was answered {status}: redirects are not followed, so the recipe must \
                 name the URL that does it"
            );
            assert_eq!(failed.for_server, told);
            let at = call.origin.label();
            let owners = failed.for_owner;
            assert!(owners.contains(at) && owners.contains(status), "{owners}");
            assert!(
                !owners.contains("canary") && !owners.contains("stolen"),
                "{owners}"
            );
        }
        let other = other.into_std().unwrap();
        let nobody = other.accept().unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    }
}
