//! Waking what hibernates: one wake for any number of requests that wait for it.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use registry::{Registry, Row};
use relay::Relay;
use shared::llm::{DEFAULT_WAKE_TIMEOUT, Phase};
use shared::name::Name;
use tokio::time::Instant;

use crate::error::Error;

/// The wakes under way.
#[derive(Debug, Default)]
pub(crate) struct Wakes(DashMap<Name, UnderWay>);

/// One wake, and until when it may take.
#[derive(Debug)]
struct UnderWay {
    until: Instant,
    waiting: u32,
}

impl Wakes {
    /// Waits until `row` is awake, and has it woken where nobody did.
    ///
    /// Dropping the future leaves the wake to the others who wait.
    /// Errors: [`Error::NotWoken`] where its publisher says why or the time is over,
    /// [`Error::Offline`] where the publisher goes.
    pub(crate) async fn wake(
        &self,
        registry: &Registry,
        relay: &Relay,
        row: &Row,
    ) -> Result<Arc<Row>, Error> {
        let name = row.name();
        // Watched before anything is said, so that no change is missed.
        let mut changes = registry.watch();
        let timeout = row.spec().wake_timeout.map(|span| span.0);
        let timeout = timeout.unwrap_or(DEFAULT_WAKE_TIMEOUT);
        let session = row.session().ok_or_else(|| Error::offline(row))?;
        let say = || relay.wake(session, name);
        let until = self.join(name, timeout, say);
        let until = until.map_err(|_| Error::offline(row))?;
        let _waiter = Waiter { wakes: self, name };
        let awake = async {
            loop {
                let Some(row) = registry.find(name.as_str()) else {
                    return Err(Error::offline(row));
                };
                match row.phase() {
                    Phase::Active => return Ok(row),
                    Phase::Inactive => return Err(Error::offline(&row)),
                    Phase::Hibernating => {}
                }
                if let Some(why) = row.last_error() {
                    return Err(Error::not_woken(name, why));
                }
                changes.next().await;
            }
        };
        let awake = tokio::time::timeout_at(until, awake).await;
        awake.unwrap_or_else(|_| Err(Error::woken_too_late(name, timeout)))
    }

    /// Requests that wait for `name` to wake.
    pub(crate) fn waiting(&self, name: &Name) -> u32 {
        self.0.get(name).map_or(0, |under_way| under_way.waiting)
    }

    /// Joins the wake under way, or begins one. Nobody joins one that is not said yet.
    fn join(
        &self,
        name: &Name,
        timeout: Duration,
        say: impl FnOnce() -> Result<(), relay::Error>,
    ) -> Result<Instant, relay::Error> {
        match self.0.entry(name.clone()) {
            Entry::Occupied(mut under_way) => {
                under_way.get_mut().waiting += 1;
                Ok(under_way.get().until)
            }
            Entry::Vacant(vacant) => {
                say()?;
                let until = Instant::now() + timeout;
                vacant.insert(UnderWay { until, waiting: 1 });
                Ok(until)
            }
        }
    }
}

/// One who waits. The last to go ends the wake: the next request begins another.
struct Waiter<'a> {
    wakes: &'a Wakes,
    name: &'a Name,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if let Some(mut under_way) = self.wakes.0.get_mut(self.name) {
            under_way.waiting -= 1;
        }
        self.wakes
            .0
            .remove_if(self.name, |_, wake| wake.waiting == 0);
    }
}
