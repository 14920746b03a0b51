//! What a job's stream tells: `GET /v1/jobs/{id}/stream`.

use serde::{Deserialize, Serialize};

use super::{Json, WorkerId};

/// Something that a job's stream tells.
///
/// Shape: a server-sent event, [`Event::name`] its name and [`Event::data`] its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It waits.
    Queued {
        /// How many are before it, where that is known.
        position: Option<u64>,
        /// When it may begin, in seconds, where that is known.
        eta_s: Option<u64>,
        /// Why nobody can run it now.
        reason: Option<String>,
    },
    /// A worker has it.
    Running {
        /// Who.
        worker: WorkerId,
    },
    /// It is that far.
    Progress(Progress),
    /// A part of the answer.
    Chunk {
        /// The part, as the worker wrote it.
        data: String,
    },
    /// The end: a result.
    Done {
        /// What came out.
        result: Json,
    },
    /// The end: none. Canceled and expired jobs end so too.
    Error {
        /// Why.
        error: String,
    },
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JobProgress))]
pub struct Progress {
    /// Done so far.
    #[serde(default)]
    pub done: u64,
    /// Of how many, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An event with its id, which counts up within the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedEvent {
    /// 1 is the job's first.
    pub id: u64,
    /// What happened.
    pub event: Event,
}

impl Event {
    /// The event's name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Running { .. } => "running",
            Self::Progress(_) => "progress",
            Self::Chunk { .. } => "chunk",
            Self::Done { .. } => "done",
            Self::Error { .. } => "error",
        }
    }

    /// The event's data on the wire: one JSON object.
    pub fn data(&self) -> String {
        let text = match self {
            Self::Queued {
                position,
                eta_s,
                reason,
            } => serde_json::to_string(&Queued {
                position: *position,
                eta_s: *eta_s,
                reason: reason.clone(),
            }),
            Self::Running { worker } => serde_json::to_string(&Running {
                worker: worker.clone(),
            }),
            Self::Progress(progress) => serde_json::to_string(progress),
            Self::Chunk { data } => serde_json::to_string(&Chunk { data: data.into() }),
            Self::Done { result } => serde_json::to_string(&Done {
                result: result.clone(),
            }),
            Self::Error { error } => serde_json::to_string(&Failed {
                error: error.into(),
            }),
        };
        // Texts, numbers and JSON: nothing here can fail to be written.
        text.unwrap_or_else(|_| "{}".into())
    }

    /// The event that `name` and `data` stand for; `None` where the name is not known, as that of
    /// a newer server may be.
    ///
    /// Errors: data that does not belong to the name.
    pub fn parse(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match name {
            "queued" => {
                let Queued {
                    position,
                    eta_s,
                    reason,
                } = serde_json::from_str(data)?;
                Self::Queued {
                    position,
                    eta_s,
                    reason,
                }
            }
            "running" => {
                let Running { worker } = serde_json::from_str(data)?;
                Self::Running { worker }
            }
            "progress" => Self::Progress(serde_json::from_str(data)?),
            "chunk" => {
                let Chunk { data } = serde_json::from_str(data)?;
                Self::Chunk { data }
            }
            "done" => {
                let Done { result } = serde_json::from_str(data)?;
                Self::Done { result }
            }
            "error" => {
                let Failed { error } = serde_json::from_str(data)?;
                Self::Error { error }
            }
            _ => return Ok(None),
        }))
    }

    /// Whether the stream ends after it.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Error { .. })
    }
}

#[derive(Serialize, Deserialize)]
struct Queued {
    position: Option<u64>,
    eta_s: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Running {
    worker: WorkerId,
}

#[derive(Serialize, Deserialize)]
struct Chunk {
    data: String,
}

#[derive(Serialize, Deserialize)]
struct Done {
    result: Json,
}

#[derive(Serialize, Deserialize)]
struct Failed {
    error: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_object_on_the_wire() {
        let result = Json::parse(r#"{"a": 1.0}"#.into()).unwrap();
        let done = Event::Done { result };
        assert_eq!(done.data(), r#"{"result":{"a": 1.0}}"#);
        assert!(done.is_terminal());
        let queued = Event::Queued {
            position: Some(3),
            eta_s: None,
            reason: None,
        };
        assert_eq!(queued.data(), r#"{"position":3,"eta_s":null}"#);
        assert!(!queued.is_terminal());
        for event in [done, queued] {
            assert_eq!(
                Event::parse(event.name(), &event.data()).unwrap(),
                Some(event)
            );
        }
        assert_eq!(Event::parse("later", "{}").unwrap(), None);
    }
}
