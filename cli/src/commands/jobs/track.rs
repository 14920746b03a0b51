//! Where many jobs stand, and the wait until all have ended.
//!
//! One call asks for a thousand of them, so that neither their number nor a server that restarts in
//! between matters. Pure but for [`to_the_end`].

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};
use shared::job::{JobId, Status};

use super::progress::Progress;
use super::tally::Tally;
use crate::client::{Client, MAX_LOOKUP};
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::columns::text;
use crate::patience::Patience;

/// Calls for one look: with more jobs than they hold, the next look asks for the others.
const CALLS_PER_LOOK: usize = 5;
/// The wait between looks while something happens, and while nothing does.
const SHORT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(2);

/// How one job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing is known yet.
    Submitted,
    Is(Status),
    /// It is not there any more: deleted, or ended long ago.
    Gone,
}

impl Standing {
    const fn is_ended(&self) -> bool {
        match self {
            Self::Submitted => false,
            Self::Is(status) => status.is_ended(),
            Self::Gone => true,
        }
    }

    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Is(status) => status.as_str(),
            Self::Gone => "gone",
        }
    }
}

/// One job.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) id: JobId,
    pub(super) standing: Standing,
    pub(super) error: Option<String>,
    pub(super) worker: Option<String>,
}

/// Several jobs.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    pub(super) jobs: Vec<Tracked>,
    /// The first of each id; the same job may stand in a file twice, by its unique key.
    places: HashMap<JobId, usize>,
    /// Those that have not ended, in the order in which they are asked for.
    open: VecDeque<usize>,
}

impl Tracker {
    pub(super) fn new(ids: Vec<JobId>) -> Self {
        let mut tracker = Self::default();
        ids.into_iter().for_each(|id| tracker.add(id));
        tracker
    }

    fn add(&mut self, id: JobId) {
        let place = self.jobs.len();
        if !self.places.contains_key(&id) {
            self.places.insert(id.clone(), place);
            self.open.push_back(place);
        }
        self.jobs.push(Tracked {
            id,
            standing: Standing::Submitted,
            error: None,
            worker: None,
        });
    }

    /// The next jobs to ask for; those that follow come first the next time.
    fn next_to_ask(&mut self, most: usize) -> Vec<usize> {
        let count = most.min(self.open.len());
        let asked = self.open.iter().take(count).copied().collect();
        self.open.rotate_left(count);
        asked
    }

    /// Takes what the server said about the jobs that it was `asked` for. Says whether something
    /// changed.
    fn take(&mut self, asked: &[usize], answer: &[Value]) -> bool {
        let mut told: HashMap<&str, &Value> = HashMap::new();
        for job in answer {
            told.extend(job.get("id").and_then(Value::as_str).map(|id| (id, job)));
        }
        let mut changed = false;
        for place in asked {
            let job = &mut self.jobs[*place];
            let standing = match told.get(job.id.as_str()) {
                None => Standing::Gone,
                Some(said) => {
                    let filled = |field| said.get(field).map(text).filter(|t| !t.is_empty());
                    job.error = filled("error");
                    job.worker = filled("worker");
                    match filled("status").and_then(|status| status.parse().ok()) {
                        Some(status) => Standing::Is(status),
                        // A status of a newer server: no end that we know.
                        None => job.standing.clone(),
                    }
                }
            };
            changed |= standing != job.standing;
            job.standing = standing;
        }
        let jobs = &self.jobs;
        self.open.retain(|place| !jobs[*place].standing.is_ended());
        changed
    }

    /// The numbers.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for job in self.each() {
            let count = match &job.standing {
                Standing::Submitted | Standing::Is(Status::Queued) => &mut tally.queued,
                Standing::Is(Status::Running) => &mut tally.running,
                Standing::Is(Status::Done) => &mut tally.done,
                Standing::Is(Status::Error) => &mut tally.error,
                Standing::Is(Status::Canceled) => &mut tally.canceled,
                Standing::Is(Status::Expired) => &mut tally.expired,
                Standing::Gone => &mut tally.gone,
            };
            *count += 1;
        }
        tally
    }

    /// Those that run, in order.
    pub(super) fn running(&self) -> impl Iterator<Item = &Tracked> {
        let running = Standing::Is(Status::Running);
        self.jobs.iter().filter(move |job| job.standing == running)
    }

    /// Those that ended without a result, with their places, in order.
    pub(super) fn failed(&self) -> impl Iterator<Item = (usize, &Tracked)> {
        let each = self.each().enumerate();
        each.filter(|(_, job)| {
            job.standing.is_ended() && job.standing != Standing::Is(Status::Done)
        })
    }

    /// Every job; one that stands there again is as its first.
    pub(super) fn each(&self) -> impl Iterator<Item = &Tracked> {
        self.jobs.iter().map(|job| match self.places.get(&job.id) {
            Some(first) => &self.jobs[*first],
            None => job,
        })
    }

    /// The jobs as `-o json` prints them.
    pub(super) fn document(&self) -> Value {
        let each = self.each().map(|job| {
            let mut object = json!({"id": job.id, "status": job.standing.as_str()});
            if let Some(error) = &job.error {
                object["error"] = error.as_str().into();
            }
            object
        });
        Value::Array(each.collect())
    }

    /// How a wait for them ends.
    pub(super) fn exit(&self) -> Exit {
        let all = self
            .each()
            .all(|job| job.standing == Standing::Is(Status::Done));
        if all { Exit::Done } else { Exit::Failure }
    }
}

/// Waits until all jobs have ended.
///
/// Errors: what trying again can't mend, and a server that is away for too long. A server that is
/// away for a while is told of in `progress`.
pub(super) async fn to_the_end(
    client: &Client,
    tracker: &mut Tracker,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let mut patience = Patience::default();
    let mut pause = SHORT;
    loop {
        let wait = match look(client, tracker).await {
            Ok(changed) => {
                if patience.restore() {
                    progress.note("The server is back");
                }
                pause = if changed {
                    SHORT
                } else {
                    (pause * 3 / 2).min(LONG)
                };
                pause
            }
            Err(why) if why.exit() == Exit::Unavailable => {
                let Some(wait) = patience.wait() else {
                    return Err(why);
                };
                progress.lost(&why.first_line());
                wait
            }
            Err(why) => return Err(why),
        };
        progress.show(tracker);
        if tracker.open.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(wait).await;
    }
}

async fn look(client: &Client, tracker: &mut Tracker) -> Result<bool> {
    let asked = tracker.next_to_ask(CALLS_PER_LOOK * MAX_LOOKUP);
    let mut changed = false;
    for asked in asked.chunks(MAX_LOOKUP) {
        let ids: Vec<_> = asked.iter().map(|place| &tracker.jobs[*place].id).collect();
        let answer = client.lookup_jobs(&ids).await?;
        changed |= tracker.take(asked, &answer);
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> JobId {
        format!("019aa5c3-1b7d-7f00-8000-{n:012}").parse().unwrap()
    }

    #[test]
    fn jobs_are_asked_for_in_turn_until_they_have_ended() {
        let mut tracker = Tracker::new((0..3).map(id).chain([id(0)]).collect());
        assert_eq!(tracker.tally().queued, 4);
        let asked = tracker.next_to_ask(2);
        assert_eq!(asked, [0, 1]);
        let answer = [
            json!({"id": id(0), "status": "done"}),
            json!({"id": id(1), "status": "running", "worker": "w"}),
        ];
        assert!(tracker.take(&asked, &answer));
        assert_eq!(tracker.tally().done, 2, "the one that stands there twice");
        assert_eq!(tracker.running().count(), 1);
        let asked = tracker.next_to_ask(10);
        assert_eq!(asked, [2, 1]);
        let answer = [json!({"id": id(1), "status": "later"})];
        assert!(tracker.take(&asked, &answer), "2 is gone");
        assert!(!tracker.take(&[1], &answer), "nothing that we know");
        assert_eq!(tracker.next_to_ask(10), [1]);
        let error = [json!({"id": id(1), "status": "error", "error": "e"})];
        tracker.take(&[1], &error);
        assert!(tracker.open.is_empty());
        assert_eq!(tracker.exit(), Exit::Failure);
        let failed: Vec<_> = tracker.failed().map(|(place, _)| place).collect();
        assert_eq!(failed, [1, 2]);
        assert_eq!(tracker.document()[1]["error"], "e");
        assert_eq!(tracker.document()[3]["status"], "done");
    }
}
