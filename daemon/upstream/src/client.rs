//! The client: a pool, a policy, and one verb.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, HOST, HeaderValue};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;

use crate::address::AddressPolicy;
use crate::body::Body;
use crate::connect::{TlsRoots, connect};
use crate::error::Error;
use crate::exchange::{Failed, Home, ResponseBody, Wire};
use crate::origin::Origin;
use crate::pool::Pool;

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
            max_idle_age: Duration::from_secs(60),
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
    /// Errors: any [`Error`] but `TooLarge`; `Encoded` closes the connection. A connection that its peer closed while it was idle is
    /// replaced without a word.
    pub async fn send(
        &self,
        origin: &Origin,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<ResponseBody>, Error> {
        request.headers_mut().insert(HOST, origin.host_header());
        let inner = &*self.0;
        while let Some(wire) = inner.pool.take(origin.label()) {
            match wire.exchange(request, self.home(origin)).await {
                Ok(response) => return readable(response),
                Err(Failed::Unsent(unsent)) => request = *unsent,
                Err(Failed::Broken(broken)) => return Err(Error::Broken(broken)),
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
