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
    Err(Failed {
        for_owner: format!("its {method} to {at} was answered {status}"),
        ..Failed::said(format!("the HTTP call of its recipe was answered {status}"))
    })
}
