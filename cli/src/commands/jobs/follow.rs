//! A job's stream that outlives its connections.
//!
//! ```text
//!   connect ─► read ─► event ─► ... ─► the end
//!      ▲         │
//!      └─ wait ◄─┘ broken, silent, or over before the job's end: again behind the last event
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;
use serde_json::json;
use shared::job::{JobId, Status};
use shared::sse::{self, Decoder};

use super::event::{JobEvent, What};
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::columns::text;
use crate::patience::Patience;

/// The largest event: a result, and JSON around it.
const MAX_EVENT_BYTES: usize = 8 << 20;
/// A connection that says nothing for so long is dead: the server comments more often.
const IDLE: Duration = Duration::from_secs(90);

/// What comes next.
#[derive(Debug)]
pub(in crate::commands) enum Told {
    Event(Box<JobEvent>),
    /// The connection is gone, for this reason; it will be made again. Told once until it stands.
    Lost(String),
    /// It stands again.
    Back,
    /// Nothing comes any more.
    End,
}

/// A stream.
pub(in crate::commands) struct Follow {
    client: Client,
    id: JobId,
    /// To the job's end, not only until now.
    to_the_end: bool,
    /// A server that is away at the start is waited for too.
    patient: bool,
    last: Option<JobEvent>,
    response: Option<Response>,
    /// This connection brought an event.
    brought_something: bool,
    decoder: Decoder,
    ready: VecDeque<JobEvent>,
    patience: Patience,
    wait: Option<Duration>,
    over: bool,
}

impl Follow {
    /// All that the job tells until its end.
    pub(in crate::commands) fn new(client: Client, id: JobId) -> Self {
        Self {
            client,
            id,
            to_the_end: true,
            patient: false,
            last: None,
            response: None,
            brought_something: false,
            decoder: Decoder::new(MAX_EVENT_BYTES),
            ready: VecDeque::new(),
            patience: Patience::default(),
            wait: None,
            over: false,
        }
    }

    /// Waits also where the first connection can't be made.
    #[must_use]
    pub(in crate::commands) const fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// What comes behind an event.
    #[must_use]
    pub(super) fn behind(mut self, last: JobEvent) -> Self {
        self.last = Some(last);
        self
    }

    /// What the job told until now.
    #[must_use]
    pub(super) const fn until_now(mut self) -> Self {
        self.to_the_end = false;
        self
    }

    /// What comes next. Cancel-safe.
    ///
    /// Errors: what trying again can't mend, and a server that is away for too long.
    pub(in crate::commands) async fn next(&mut self) -> Result<Told> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                if let What::Broken(why) = &event.what {
                    let why = Failure::new(Exit::Unavailable, why.clone());
                    if let Some(told) = self.lost(why)? {
                        return Ok(told);
                    }
                    continue;
                }
                if self.is_new(&event) {
                    self.over = event.is_end();
                    self.last = Some(event.clone());
                    return Ok(Told::Event(Box::new(event)));
                }
                continue;
            }
            if self.over {
                return Ok(Told::End);
            }
            if let Some(wait) = self.wait {
                tokio::time::sleep(wait).await;
                self.wait = None;
            }
            match self.step().await {
                Ok(true) => return Ok(Told::Back),
                Ok(false) => {}
                Err(why) => {
                    if let Some(told) = self.lost(why)? {
                        return Ok(told);
                    }
                }
            }
        }
    }

    /// Connects or reads once. Says whether a connection that was lost stands again.
    async fn step(&mut self) -> Result<bool> {
        let Some(response) = &mut self.response else {
            let after = self.last.as_ref().and_then(|event| event.id.as_deref());
            let connect = self.client.job_stream(&self.id, after, self.to_the_end);
            let response = tokio::time::timeout(IDLE, connect).await;
            self.response = Some(response.map_err(|_| silent())??);
            self.decoder = Decoder::new(MAX_EVENT_BYTES);
            self.brought_something = false;
            return Ok(false);
        };
        let piece = tokio::time::timeout(IDLE, response.chunk()).await;
        let piece = piece.map_err(|_| silent())?;
        let Some(piece) = piece.map_err(|why| self.client.broken(&why))? else {
            if !self.to_the_end {
                self.over = true;
                return Ok(false);
            }
            // What it did not bring comes with the next connection; only one that brings nothing
            // leaves a doubt.
            return match self.brought_something {
                true => Err(ended_early()),
                false => self.look_whether_ended().await.map(|()| false),
            };
        };
        let mut events = Vec::new();
        self.decoder
            .feed(&piece, &mut events)
            .map_err(|why| Failure::failed("the job's stream can't be read").caused_by(&why))?;
        self.brought_something |= !events.is_empty();
        self.ready.extend(events.iter().map(JobEvent::read));
        // It stands once something came, were it a comment.
        self.patient = true;
        Ok(self.patience.restore())
    }

    /// The stream ended and told nothing: the server stops, or the job has ended without an event.
    async fn look_whether_ended(&mut self) -> Result<()> {
        let mut job = self.client.job(&self.id).await?;
        let status = job.get("status").map(text).unwrap_or_default();
        let (name, data) = match status.parse() {
            Ok(Status::Done) => ("done", json!({"result": job["result"].take()})),
            Ok(ended) if Status::is_ended(ended) => {
                let error = job.get("error").map(text).filter(|error| !error.is_empty());
                ("error", json!({"error": error.unwrap_or(status)}))
            }
            _ => return Err(ended_early()),
        };
        self.ready.push_back(JobEvent::read(&sse::Event {
            event: name.into(),
            data: data.to_string(),
            id: None,
        }));
        Ok(())
    }

    /// Makes ready for another try. Says so where that is news.
    fn lost(&mut self, why: Failure) -> Result<Option<Told>> {
        self.response = None;
        self.ready.clear();
        if why.exit() != Exit::Unavailable || !self.patient {
            return Err(why);
        }
        let is_news = !self.patience.is_tried();
        match self.patience.wait() {
            Some(wait) => {
                self.wait = Some(wait);
                Ok(is_news.then(|| Told::Lost(why.first_line())))
            }
            None => Err(why),
        }
    }

    /// A server may repeat what was before the place that was asked for. A position in the queue
    /// changes under one id.
    fn is_new(&self, event: &JobEvent) -> bool {
        let Some(last) = &self.last else { return true };
        match (event.number(), last.number()) {
            (Some(number), Some(before)) if number == before => {
                event.what == What::Queued && event.data != last.data
            }
            (Some(number), Some(before)) => number > before,
            _ => true,
        }
    }
}

fn ended_early() -> Failure {
    let why = "the server ended the stream before the job's end";
    Failure::new(Exit::Unavailable, why)
}

fn silent() -> Failure {
    Failure::new(Exit::Unavailable, "the job's stream fell silent")
}
