//! The client: a pool, a policy, and one verb.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, HOST, HeaderValue};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::address::AddressPolicy;
use crate::body::Body;
use crate::connect::{TlsRoots, connect};
use crate::error::Error;
use crate::exchange::{Failed, Home, ResponseBody, Wire, was_gone};
use crate::origin::Origin;
use crate::pool::Pool;

/// A kept connection that breaks this soon after a request was sent, without an answer's first byte,
/// was gone before: the request reached nobody, and is sent again. Later, somebody may have worked
/// on it.
const GONE_WITHIN: Duration = Duration::from_secs(1);
/// A request whose body is a stream can't be sent again: it takes no connection that was idle for so
/// long that something on the way may have forgotten it.
const MAX_IDLE_BEFORE_STREAM: Duration = Duration::from_secs(10);

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Resolve, connect and TLS together may take this long.
    pub connect_timeout: Duration,
    /// Idle connections kept per origin.
    pub max_idle_per_origin: usize,
    /// An idle connection older than this is not used again.
    pub max_idle_age: Duration,
    /// Which addresses may be called.
    pub addresses: AddressPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            max_idle_per_origin: 256,
            // Proxies and routers forget connections after a minute or more.
            max_idle_age: Duration::from_secs(30),
            addresses: AddressPolicy::Any,
        }
    }
}

/// An HTTP/1.1 client with a pool of its own. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    pool: Arc<Pool>,
    tls: Arc<TlsRoots>,
}

impl Client {
    /// A client with an empty pool.
    pub fn new(config: Config) -> Self {
        let pool = Pool::new(config.max_idle_per_origin, config.max_idle_age);
        Self(Arc::new(Inner {
            config,
            pool: Arc::new(pool),
            tls: Arc::default(),
        }))
    }

    /// Sends `request` to `origin` and waits for the head of the answer.
    ///
    /// Shape: the request's URI is path and query only; the `Host` header is set here. Dropping the
    /// future, or the unfinished body, closes the connection at once.
    /// Errors: any [`Error`] but `TooLarge`; `Encoded` closes the connection. A connection that was closed while it was idle is
    /// replaced without a word, also where nobody said that it was: a request whose kept connection
    /// turns out to be gone is sent once more over a new one ([`GONE_WITHIN`]).
    pub async fn send(
        &self,
        origin: &Origin,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<ResponseBody>, Error> {
        request.headers_mut().insert(HOST, origin.host_header());
        let inner = &*self.0;
        loop {
            let mut again = again(&request);
            let max_idle_age = match again {
                Some(_) => inner.config.max_idle_age,
                None => MAX_IDLE_BEFORE_STREAM,
            };
            let Some(wire) = inner.pool.take(origin.label(), max_idle_age) else {
                break;
            };
            let sent_at = Instant::now();
            match wire.exchange(request, self.home(origin)).await {
                Ok(response) => return readable(response),
                Err(Failed::Unsent(unsent)) => request = *unsent,
                Err(Failed::Broken(broken)) => {
                    let was_gone = was_gone(&broken) && sent_at.elapsed() < GONE_WITHIN;
                    let Some(again) = again.take().filter(|_| was_gone) else {
                        return Err(Error::Broken(broken));
                    };
                    // Those that waited with it are no better.
                    inner.pool.forget(origin.label());
                    request = again;
                    break;
                }
            }
        }
        let wire = self.open(origin).await?;
        match wire.exchange(request, self.home(origin)).await {
            Ok(response) => readable(response),
            Err(Failed::Broken(broken)) => Err(Error::Broken(broken)),
            Err(Failed::Unsent(_)) => Err(Error::Connect {
                origin: origin.label().into(),
                source: std::io::ErrorKind::ConnectionReset.into(),
            }),
        }
    }

    /// Drops the connections that wait for another request.
    pub fn forget_idle(&self) {
        self.0.pool.forget_all();
    }

    async fn open(&self, origin: &Origin) -> Result<Wire, Error> {
        let Config {
            connect_timeout,
            addresses,
            ..
        } = self.0.config;
        let connecting = connect(origin, addresses, &self.0.tls);
        let stream = tokio::time::timeout(connect_timeout, connecting)
            .await
            .map_err(|_| Error::ConnectTimeout {
                origin: origin.label().into(),
                after: connect_timeout,
            })??;
        Wire::open(stream).await.map_err(Error::Broken)
    }

    fn home(&self, origin: &Origin) -> Home {
        Home {
            pool: self.0.pool.clone(),
            origin: origin.clone(),
        }
    }
}

/// The request once more; `None` where its body is a stream.
fn again(request: &http::Request<Body>) -> Option<http::Request<Body>> {
    let mut again = http::Request::new(request.body().again()?);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// Refuses an answer in a coding: its bytes would look like an answer, and be none.
fn readable(response: http::Response<ResponseBody>) -> Result<http::Response<ResponseBody>, Error> {
    let coded = |value: &&HeaderValue| !value.is_empty() && *value != "identity";
    let mut codings = response.headers().get_all(CONTENT_ENCODING).iter();
    match codings.find(coded) {
        None => Ok(response),
        Some(coding) => Err(Error::Encoded {
            coding: coding.to_str().unwrap_or("?").chars().take(32).collect(),
        }),
    }
}

/// Reads a whole body.
///
/// Errors: [`Error::TooLarge`] past `limit` bytes; the body's own error.
pub async fn read_all<B>(body: B, limit: usize) -> Result<Bytes, Error>
where
    B: HttpBody<Data = Bytes, Error = Error>,
{
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if whole.len() + data.len() > limit {
            return Err(Error::TooLarge { limit });
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
