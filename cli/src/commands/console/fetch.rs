//! One feed: fetched again and again, or followed, until nobody wants it.
//!
//! ```text
//!   fetch ─► tell ─► wait ─► fetch ...
//!     └─ failed: tell, wait longer each time ─┘
//! ```

use std::time::Duration;

use console::{Feed, News, Trouble, TroubleKind, What};
use serde_json::Value;
use shared::sse::Decoder;
use tokio::sync::mpsc::Sender;
use tokio::time::{sleep, timeout};

use super::clean::clean;
use super::errand::{job_id, resource_of};
use super::feeds::Told;
use crate::client::{Client, name_of};
use crate::commands::jobs::event::{JobEvent, What as Happened, answer};
use crate::commands::jobs::follow::{Follow, Told as JobTold};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::sanitise::{Cleaner, sanitise};
use crate::patience::Patience;

/// How long a look may take; a server that needs longer is as good as away.
const LOOK: Duration = Duration::from_secs(10);
/// The longest wait before it is tried again: a person looks on.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// A stream of changes that says nothing for so long is dead: the server comments more often.
const IDLE: Duration = Duration::from_secs(90);
/// The largest event: one LLM.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// Rows that are asked for, where the server lists as many as one asks for.
const JOBS: u32 = 500;
const REQUESTS: u32 = 500;
const REQUESTS_OF_ONE: u32 = 200;

/// Runs a feed until it is aborted.
pub(super) async fn run(feed: Feed, client: Client, tell: Sender<Told>) {
    let mut teller = Teller { feed, tell };
    let mut patience = Patience::default();
    loop {
        let end = Box::pin(once(&client, &mut teller, &mut patience)).await;
        let wait = match end {
            Ok(Next::Again(wait)) => {
                patience.restore();
                wait
            }
            Ok(Next::Over) => return,
            Err(why) => {
                let wait = patience.wait().unwrap_or(MAX_WAIT).min(MAX_WAIT);
                // All consoles of a server that comes back must not knock at once.
                let wait = wait.mul_f64(0.8 + 0.4 * fastrand::f64());
                let trouble = teller.trouble(&why, wait);
                teller.tell(What::Trouble(trouble)).await;
                wait
            }
        };
        sleep(wait).await;
    }
}

/// What follows.
enum Next {
    Again(Duration),
    Over,
}

struct Teller {
    feed: Feed,
    tell: Sender<Told>,
}

impl Teller {
    async fn tell(&self, what: What) {
        let feed = self.feed.clone();
        // Nobody listens only when the run is over, and then this is aborted.
        let _ = self.tell.send(Told::News(News { feed, what })).await;
    }

    async fn rows(&self, rows: Vec<Value>, more: bool) {
        let rows = rows.into_iter().map(clean).collect();
        self.tell(What::Rows { rows, more }).await;
    }

    async fn object(&self, object: Value) {
        self.tell(What::Object(clean(object))).await;
    }

    fn trouble(&self, why: &Failure, again_in: Duration) -> Trouble {
        let kind = match why.exit() {
            Exit::Unavailable => TroubleKind::Away,
            // Every token may see the LLMs.
            Exit::Auth if self.feed == Feed::Llms => TroubleKind::Unknown,
            Exit::Auth => TroubleKind::Forbidden,
            _ => TroubleKind::Other,
        };
        let lines = why.lines();
        let hint = lines.iter().find(|(label, _)| *label == "try");
        Trouble {
            kind,
            why: sanitise(&why.first_line()).into_owned(),
            hint: hint.map(|(_, text)| sanitise(text).into_owned()),
            again_in,
        }
    }
}

async fn once(client: &Client, teller: &mut Teller, patience: &mut Patience) -> Result<Next> {
    let seconds = |seconds| Ok(Next::Again(Duration::from_secs(seconds)));
    match teller.feed.clone() {
        Feed::Llms => {
            watch(client, teller, patience).await?;
            // It ended well: the server stops, or restarts.
            Ok(Next::Again(Duration::from_millis(500)))
        }
        Feed::JobLog(id) => {
            follow(client, teller, &id).await?;
            Ok(Next::Over)
        }
        Feed::Load => {
            teller.object(look(client.load()).await?).await;
            seconds(2)
        }
        Feed::Jobs => {
            let query = [("limit", JOBS.to_string())];
            let mut page = look(client.jobs(&query)).await?;
            let summary = look(client.jobs_summary()).await?;
            let more = page.get("next_cursor").is_some_and(Value::is_string);
            teller.object(summary).await;
            teller.rows(list(&mut page, "jobs")?, more).await;
            seconds(3)
        }
        Feed::Workers => {
            let mut workers = look(client.workers()).await?;
            teller.rows(list(&mut workers, "workers")?, false).await;
            seconds(5)
        }
        Feed::Usage(by) => {
            let query = [("by", by.as_str().to_owned())];
            let mut usage = look(client.usage(&query)).await?;
            let costs = look(client.costs("month")).await?;
            teller.object(costs).await;
            teller.rows(list(&mut usage, "items")?, false).await;
            seconds(10)
        }
        Feed::Requests => {
            let query = [("limit", REQUESTS.to_string())];
            let rows = list(&mut look(client.requests(&query)).await?, "items")?;
            let more = rows.len() >= REQUESTS as usize;
            teller.rows(rows, more).await;
            seconds(2)
        }
        Feed::Documents(kind) => {
            let Some(resource) = resource_of(kind) else {
                return Ok(Next::Over);
            };
            let mut documents = look(client.list(resource)).await?;
            teller.rows(list(&mut documents, "items")?, false).await;
            seconds(5)
        }
        Feed::Job(id) => {
            teller.object(look(client.job(&job_id(&id)?)).await?).await;
            seconds(2)
        }
        Feed::LlmRequests(name) => {
            let query = [("limit", REQUESTS_OF_ONE.to_string()), ("llm", name)];
            let mut requests = look(client.requests(&query)).await?;
            teller.rows(list(&mut requests, "items")?, false).await;
            seconds(2)
        }
    }
}

/// An answer in time.
async fn look(call: impl Future<Output = Result<Value>>) -> Result<Value> {
    let answer = timeout(LOOK, Box::pin(call)).await;
    answer.unwrap_or_else(|_| {
        let why = format!("the server did not answer for {}s", LOOK.as_secs());
        Err(Failure::new(Exit::Unavailable, why))
    })
}

/// The rows of an answer.
fn list(answer: &mut Value, field: &str) -> Result<Vec<Value>> {
    match answer.get_mut(field).map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(unreadable(&format!("it has no list `{field}`"))),
    }
}

fn unreadable(cause: &str) -> Failure {
    Failure::failed("the server's answer can't be read")
        .cause(cause)
        .hint("`mcpctl version` shows whether server and mcpctl differ")
}

/// Follows the LLMs' changes to the end of the connection.
async fn watch(client: &Client, teller: &Teller, patience: &mut Patience) -> Result<()> {
    let silent = |_| Failure::new(Exit::Unavailable, "the server fell silent");
    let response = timeout(LOOK, Box::pin(client.watch_llms())).await;
    let mut response = response.map_err(silent)??;
    let mut decoder = Decoder::new(MAX_EVENT_BYTES);
    let mut events = Vec::new();
    // What came since the connection stands, up to `synced`.
    let mut arriving = Some(Vec::new());
    loop {
        let piece = timeout(IDLE, response.chunk()).await.map_err(silent)?;
        let Some(piece) = piece.map_err(|why| client.broken(&why))? else {
            let why = "the server ended the connection";
            return Err(Failure::new(Exit::Unavailable, why));
        };
        decoder
            .feed(&piece, &mut events)
            .map_err(|why| unreadable(&why.to_string()))?;
        patience.restore();
        for event in events.drain(..) {
            let llm = serde_json::from_str::<Value>(&event.data).unwrap_or_default();
            match (event.event.as_str(), &mut arriving) {
                ("reset", _) => arriving = Some(Vec::new()),
                ("synced", _) => {
                    if let Some(llms) = arriving.take() {
                        teller.rows(llms, false).await;
                    }
                }
                ("added" | "modified", Some(llms)) => llms.push(llm),
                ("deleted", Some(llms)) => llms.retain(|old| name_of(old) != name_of(&llm)),
                ("added" | "modified", None) => teller.tell(What::Changed(clean(llm))).await,
                ("deleted", None) => {
                    let name = sanitise(name_of(&llm)).into_owned();
                    teller.tell(What::Gone(name)).await;
                }
                _ => {}
            }
        }
    }
}

/// Follows what a job tells to its end.
async fn follow(client: &Client, teller: &Teller, id: &str) -> Result<()> {
    let mut follow = Follow::new(client.clone(), job_id(id)?).patient();
    // The log begins anew.
    teller.rows(Vec::new(), false).await;
    let (mut cleaner, mut any_text) = (Cleaner::default(), false);
    loop {
        match follow.next().await? {
            JobTold::Event(event) => {
                any_text |= matches!(event.what, Happened::Chunk(_));
                for what in told(&event, &mut cleaner, any_text) {
                    teller.tell(what).await;
                }
            }
            JobTold::Lost(why) => {
                let why = Failure::new(Exit::Unavailable, why);
                let trouble = teller.trouble(&why, MAX_WAIT);
                teller.tell(What::Trouble(trouble)).await;
            }
            JobTold::Back => teller.tell(What::Line("(the server is back)".into())).await,
            JobTold::End => return Ok(()),
        }
    }
}

/// What an event says in a log. A result is shown where its text was not seen as it came.
fn told(event: &JobEvent, cleaner: &mut Cleaner, any_text: bool) -> Vec<What> {
    let line = |text: String| What::Line(sanitise(&text).into_owned());
    match &event.what {
        Happened::Chunk(piece) => vec![What::Text(cleaner.clean(piece))],
        Happened::Done => {
            let mut lines = vec![line("done".into())];
            if let Some(result) = event.data.get("result").filter(|_| !any_text) {
                lines.extend(answer(result).lines().map(|text| line(text.into())));
            }
            lines
        }
        _ => event.words().map(line).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use shared::sse::Event;

    use super::*;

    #[test]
    fn a_log_has_the_text_once_and_no_control_sequence() {
        let mut cleaner = Cleaner::default();
        let mut shown = |name: &str, data: &str, any_text| {
            let event = JobEvent::read(&Event {
                event: name.into(),
                data: data.into(),
                id: None,
            });
            format!("{:?}", told(&event, &mut cleaner, any_text))
        };
        assert_eq!(
            shown("chunk", r#"{"data":"a\u001b[31"}"#, true),
            r#"[Text("a")]"#
        );
        assert_eq!(shown("chunk", r#"{"data":"mb"}"#, true), r#"[Text("b")]"#);
        let done = r#"{"result":{"response":"x\ny"}}"#;
        assert_eq!(shown("done", done, true), r#"[Line("done")]"#);
        assert_eq!(
            shown("done", done, false),
            r#"[Line("done"), Line("x"), Line("y")]"#
        );
        let queued = r#"{"position":0,"reason":"\u001b[2Jx"}"#;
        assert_eq!(
            shown("queued", queued, false),
            r#"[Line("queued: next, x")]"#
        );
    }
}
