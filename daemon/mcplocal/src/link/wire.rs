//! Reading the channel: frames in, tasks and events out.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http_body_util::BodyExt;
use shared::channel::{Frame, MAX_FRAME_BYTES};
use shared::sse;
use tokio::sync::mpsc;

use super::heartbeat::Pulse;
use super::machine::{Event, Failure};
use super::mcpd::Mcpd;
use crate::serve::{self, Tasks, Unsaid};

/// Without any frame for this long the channel is taken for dead. Pings come every 15 s.
pub(super) const SILENCE: Duration = Duration::from_secs(40);
/// The hello must come this soon.
const HELLO: Duration = Duration::from_secs(10);
/// The largest event, in bytes: an envelope around the largest inline body, escaped or not.
const MAX_EVENT_BYTES: usize = 2 * MAX_FRAME_BYTES;

/// What happens on one channel, told to the driver.
#[derive(Clone)]
pub(super) struct Reports {
    /// The channel's number, so that the driver knows what is about the past.
    pub(super) channel: u64,
    pub(super) events: mpsc::Sender<(u64, Event)>,
}

impl Reports {
    pub(super) async fn say(&self, event: Event) {
        // The driver is gone at the very end only.
        let _ = self.events.send((self.channel, event)).await;
    }
}

/// One channel to be read.
pub(super) struct Wire {
    pub(super) mcpd: Mcpd,
    pub(super) session: HeaderValue,
    pub(super) server: serve::Server,
    pub(super) tasks: Arc<Tasks>,
    pub(super) unsaid: Unsaid,
    pub(super) pulse: Arc<Pulse>,
    pub(super) reports: Reports,
}

impl Wire {
    /// Opens the channel and reads it to its end, which it reports.
    pub(super) async fn run(mut self) {
        let failure = self.read().await;
        // No more come. What runs is the driver's to stop, or may finish where the channel was left.
        self.tasks.close();
        self.reports.say(Event::ChannelLost(failure)).await;
    }

    async fn read(&mut self) -> Failure {
        let mut body = match self.mcpd.open(&self.session).await {
            Ok(body) => body,
            Err(failed) => return failed.into_failure(),
        };
        let mut decoder = sse::Decoder::new(MAX_EVENT_BYTES);
        let mut events = Vec::new();
        let mut bound = None;
        loop {
            let patience = if bound.is_some() { SILENCE } else { HELLO };
            let piece = match tokio::time::timeout(patience, body.frame()).await {
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(broken))) => return away(format!("the channel broke: {broken}")),
                Ok(None) => return away("the server closed the channel".into()),
                Err(_) => return away(format!("the channel was silent for {patience:?}")),
            };
            if let Err(too_long) = decoder.feed(&piece, &mut events) {
                return away(too_long.to_string());
            }
            for event in events.drain(..) {
                match Frame::decode(&event) {
                    Ok(frame) => self.take(frame, &mut bound).await,
                    Err(wrong) => tracing::warn!(%wrong, "a frame of the server is passed over"),
                }
            }
        }
    }

    async fn take(&self, frame: Frame, bound: &mut Option<Arc<serve::Bound>>) {
        match frame {
            Frame::Task(task) => match bound {
                Some(bound) => self.server.start(task, bound, &self.tasks),
                None => tracing::warn!(task.id = task.task_id, "a task before the hello"),
            },
            Frame::Cancel(cancel) => self.server.cancel(&cancel, &self.tasks),
            Frame::Ack(_) => bound.iter().for_each(|bound| bound.upload_arrived()),
            Frame::Ping(ping) => self.pulse.ping(ping.seq),
            Frame::Hello(hello) => {
                let epoch = hello.epoch;
                let (mcpd, session) = (self.mcpd.clone(), self.session.clone());
                let unsaid = self.unsaid.clone();
                let mut new = serve::Bound::new(mcpd, session, epoch, unsaid);
                if hello.keepalive {
                    new.keep_alive(Duration::from_millis(hello.ping_interval_ms));
                }
                *bound = Some(Arc::new(new));
                self.reports.say(Event::Hello { epoch }).await;
            }
            Frame::Goaway(goaway) => {
                let after = Duration::from_millis(goaway.reconnect_after_ms);
                self.reports.say(Event::Goaway { after }).await;
            }
            Frame::Superseded => self.reports.say(Event::Superseded).await,
            Frame::Wake(wake) => self.server.wake(&wake),
            Frame::Unknown(event) => tracing::debug!(event, "a frame of a newer server"),
        }
    }
}

fn away(why: String) -> Failure {
    Failure::Away(why)
}
