//! One LLM in memory: a snapshot of its document, and the numbers that live on across snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::llm::{
    DEFAULT_MAX_CONCURRENCY, DEFAULT_MAX_QUEUE, Llm, LlmKind, LlmSpec, LlmStatus, Phase,
};
use shared::name::Name;
use shared::timestamp::Timestamp;

use crate::gate::Gate;

/// A row as it stood at one moment. Replaced as a whole, never changed in place.
#[derive(Clone, Debug)]
pub struct Row {
    llm: Llm,
    phase: Phase,
    live: Arc<Live>,
}

/// What goes on from snapshot to snapshot.
#[derive(Debug)]
pub struct Live {
    /// Admission.
    pub gate: Gate,
    name: Arc<str>,
    /// Milliseconds since the epoch; 0 before the first.
    last_heartbeat: AtomicI64,
}

impl Live {
    /// Notes a sign of life.
    pub fn heard_at(&self, now: Timestamp) {
        self.last_heartbeat
            .store(now.as_millis(), Ordering::Relaxed);
    }

    fn last_heartbeat(&self) -> Option<Timestamp> {
        let millis = self.last_heartbeat.load(Ordering::Relaxed);
        (millis != 0).then(|| Timestamp::from_millis(millis))
    }
}

impl Row {
    /// The row that `llm` describes, with the numbers of the row that it replaces.
    pub(crate) fn new(llm: Llm, before: Option<&Self>) -> Self {
        let (limit, max_queue) = bounds(&llm.spec);
        let live = match before {
            Some(before) => {
                before.live.gate.resize(limit, max_queue);
                before.live.clone()
            }
            None => {
                let heard = llm
                    .status
                    .as_ref()
                    .and_then(|status| status.last_heartbeat_at);
                Arc::new(Live {
                    gate: Gate::new(limit, max_queue),
                    name: llm.metadata.name.as_str().into(),
                    last_heartbeat: AtomicI64::new(heard.map_or(0, Timestamp::as_millis)),
                })
            }
        };
        let phase = llm.status.as_ref().map(|status| status.phase);
        Self {
            phase: phase.unwrap_or_default(),
            llm,
            live,
        }
    }

    /// The LLM's name.
    pub fn name(&self) -> &Name {
        &self.llm.metadata.name
    }

    /// The server's own id of it.
    pub fn id(&self) -> Option<&str> {
        self.llm.metadata.id.as_deref()
    }

    /// Counts changes of what is wanted.
    pub(crate) fn version(&self) -> Option<u64> {
        self.llm.metadata.resource_version
    }

    /// Whether nothing but the live numbers differs.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.llm == other.llm
    }

    /// Whose it is.
    pub fn owner(&self) -> Option<&str> {
        self.llm.metadata.owner.as_deref()
    }

    /// What is wanted of it.
    pub fn spec(&self) -> &LlmSpec {
        &self.llm.spec
    }

    /// Whether a publisher serves it.
    pub fn is_virtual(&self) -> bool {
        self.llm.spec.kind == LlmKind::Virtual
    }

    /// Where it is in its life.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The session that serves it, or served it last.
    pub fn session(&self) -> Option<&str> {
        self.llm.status.as_ref()?.provider_session_id.as_deref()
    }

    /// The last failure that mattered, in its publisher's words.
    pub fn last_error(&self) -> Option<&str> {
        self.llm.status.as_ref()?.last_error.as_deref()
    }

    /// The LLM's name, to be kept.
    pub fn shared_name(&self) -> Arc<str> {
        self.live.name.clone()
    }

    /// Since when nobody serves it.
    pub fn inactive_since(&self) -> Option<Timestamp> {
        self.llm.status.as_ref()?.inactive_since
    }

    /// The numbers that live on.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// The whole document, with the live numbers of this moment.
    pub fn document(&self) -> Llm {
        let mut llm = self.llm.clone();
        let status = llm.status.get_or_insert_default();
        status.in_flight = self.live.gate.in_flight();
        status.queued = self.live.gate.queued();
        status.last_heartbeat_at = self.live.last_heartbeat();
        llm
    }

    /// The same row in another phase.
    pub(crate) fn in_phase(&self, phase: Phase, now: Timestamp) -> Self {
        let mut llm = self.llm.clone();
        let status = llm.status.get_or_insert_with(LlmStatus::default);
        status.phase = phase;
        status.inactive_since = (phase == Phase::Inactive).then_some(now);
        Self {
            llm,
            phase,
            live: self.live.clone(),
        }
    }
}

fn bounds(spec: &LlmSpec) -> (u32, u32) {
    (
        spec.max_concurrency.unwrap_or(DEFAULT_MAX_CONCURRENCY),
        spec.max_queue.unwrap_or(DEFAULT_MAX_QUEUE),
    )
}
