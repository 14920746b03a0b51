//! Calls on one kept connection, as a worker or a busy caller makes them.

use crate::bench::client::{Caller, Target};
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::taps::Collect;
use crate::bench::trouble::Trouble;
use serde::Deserialize;
use std::net::SocketAddr;

/// A kept connection to mcpd, as the admin.
#[derive(Debug)]
pub(super) struct Link {
    caller: Caller,
    addr: SocketAddr,
    admin: String,
    answer: Collect,
}

/// A job in a worker's hand.
#[derive(Debug, Deserialize)]
pub(super) struct Claimed {
    /// Its id.
    pub(super) id: String,
    /// The right to it.
    pub(super) lease_token: String,
    /// What was submitted.
    pub(super) payload: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct ClaimedList {
    jobs: Vec<Claimed>,
}

impl Link {
    /// Connects.
    pub(super) async fn open(mcpd: &Mcpd) -> Result<Self, Trouble> {
        Ok(Self {
            caller: Caller::connect(mcpd.addr).await?,
            addr: mcpd.addr,
            admin: mcpd.admin.clone(),
            answer: Collect::default(),
        })
    }

    /// A POST whose answer must be a 2xx; the body.
    pub(super) async fn post(&mut self, path: &str, body: &str) -> Result<&[u8], Trouble> {
        let target = Target::post(self.addr, path, Some(&self.admin));
        self.send(&target.request(body), path).await
    }

    /// A GET whose answer must be a 2xx; the body.
    pub(super) async fn get(&mut self, path: &str) -> Result<&[u8], Trouble> {
        let target = Target::new("GET", self.addr, path, Some(&self.admin));
        self.send(&target.request(""), path).await
    }

    /// The bytes of a POST, for those who send the same again and again.
    pub(super) fn prepare(&self, path: &str, body: &str) -> Vec<u8> {
        Target::post(self.addr, path, Some(&self.admin)).request(body)
    }

    /// Sends a prepared request, whose answer must be a 2xx; the body.
    pub(super) async fn send(&mut self, request: &[u8], what: &str) -> Result<&[u8], Trouble> {
        self.answer.bytes.clear();
        let reply = self.caller.call(request, &mut self.answer).await?;
        if !(200..300).contains(&reply.status) {
            let body = String::from_utf8_lossy(&self.answer.bytes);
            let status = reply.status;
            return Err(Trouble::Unexpected(format!(
                "{what} answered {status}: {body}"
            )));
        }
        if !reply.keep_alive {
            self.caller = Caller::connect(self.addr).await?;
        }
        Ok(&self.answer.bytes)
    }

    /// Registers a worker; its id.
    pub(super) async fn register(&mut self, name: &str) -> Result<String, Trouble> {
        #[derive(Deserialize)]
        struct Registered {
            worker_id: String,
        }
        let body = format!(r#"{{"worker":{{"name":"{name}"}}}}"#);
        let answer = self.post("/v1/workers/register", &body).await?;
        read::<Registered>(answer).map(|registered| registered.worker_id)
    }

    /// Claims by a prepared request that asks for `limit`; none where there are none.
    pub(super) async fn claim(
        &mut self,
        request: &[u8],
        limit: usize,
    ) -> Result<Vec<Claimed>, Trouble> {
        let answer = self.send(request, "claim").await?;
        match limit {
            _ if answer.is_empty() => Ok(Vec::new()),
            1 => read(answer).map(|job| vec![job]),
            _ => read::<ClaimedList>(answer).map(|list| list.jobs),
        }
    }
}

/// An answer as the contract has it.
pub(super) fn read<T: for<'de> Deserialize<'de>>(answer: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(answer).map_err(|error| {
        let text: String = String::from_utf8_lossy(answer).chars().take(300).collect();
        Trouble::Unexpected(format!("mcpd answered {text}: {error}"))
    })
}
