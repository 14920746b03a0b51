//! Group commit: what arrives while one commit is under way shares the next.
//!
//! A commit waits for the disk, so a thousand callers that each commit alone wait a thousand times.
//! Each caller still gets an answer of its own, and not before the commit.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::error::Error;

/// Callers that may wait for a commit; more wait to be let in.
const MAX_WAITING: usize = 1024;

/// One caller's part of a commit.
struct Entry<T, A> {
    part: T,
    answer: oneshot::Sender<Result<A, Error>>,
}

/// The way in. Cheap to clone.
pub(crate) struct Batcher<T, A> {
    inbox: mpsc::Sender<Entry<T, A>>,
    outbox: Arc<Mutex<mpsc::Receiver<Entry<T, A>>>>,
    weigh: fn(&T) -> usize,
    most: usize,
    /// Whether two parts go into one transaction.
    joins: fn(&T, &T) -> bool,
}

impl<T, A> Clone for Batcher<T, A> {
    fn clone(&self) -> Self {
        Self {
            inbox: self.inbox.clone(),
            outbox: self.outbox.clone(),
            weigh: self.weigh,
            most: self.most,
            joins: self.joins,
        }
    }
}

impl<T: Clone, A> Batcher<T, A> {
    /// Commits that together weigh `most` at most, as `weigh` says; one part may weigh more.
    pub(crate) fn new(most: usize, weigh: fn(&T) -> usize, joins: fn(&T, &T) -> bool) -> Self {
        let (inbox, outbox) = mpsc::channel(MAX_WAITING);
        Self {
            inbox,
            outbox: Arc::new(Mutex::new(outbox)),
            weigh,
            most,
            joins,
        }
    }

    /// Has `part` committed, with others or alone.
    pub(crate) async fn commit(&self, part: T) -> Result<A, Error> {
        let (answer, answered) = oneshot::channel();
        let entry = Entry { part, answer };
        self.inbox.send(entry).await.map_err(|_| Error::Stopping)?;
        answered.await.unwrap_or(Err(Error::Stopping))
    }

    /// Commits what arrives, for ever: run it in as many tasks as may commit side by side.
    ///
    /// `write` is one transaction: it writes all parts and answers each in order, or none.
    pub(crate) async fn serve<F>(&self, write: impl Fn(Vec<T>) -> F)
    where
        F: Future<Output = Result<Vec<A>, Error>>,
    {
        let mut held = None;
        loop {
            let Some(batch) = self.next(&mut held).await else {
                return;
            };
            let parts: Vec<T> = batch.iter().map(|entry| entry.part.clone()).collect();
            match write(parts).await {
                Ok(answers) => {
                    for (entry, answer) in batch.into_iter().zip(answers) {
                        // A caller that has gone needs no answer; its part is written.
                        let _ = entry.answer.send(Ok(answer));
                    }
                }
                // It may have been written, or nothing can be now: each must know.
                Err(error) if error.retryable() || batch.len() == 1 => {
                    for entry in batch {
                        let _ = entry.answer.send(Err(error.clone()));
                    }
                }
                // One is at fault, and the others must not suffer.
                Err(_) => {
                    for entry in batch {
                        let alone = write(vec![entry.part]).await;
                        let answer = alone.and_then(|mut one| one.pop().ok_or(Error::Stopping));
                        let _ = entry.answer.send(answer);
                    }
                }
            }
        }
    }

    /// All that waits, up to what one commit may weigh; `held` is what was too much.
    async fn next(&self, held: &mut Option<Entry<T, A>>) -> Option<Vec<Entry<T, A>>> {
        let mut outbox = self.outbox.lock().await;
        let first = match held.take() {
            Some(entry) => entry,
            None => outbox.recv().await?,
        };
        let mut weight = (self.weigh)(&first.part);
        let mut batch = vec![first];
        while weight < self.most {
            let Ok(entry) = outbox.try_recv() else {
                break;
            };
            weight += (self.weigh)(&entry.part);
            if weight > self.most || !(self.joins)(&batch[0].part, &entry.part) {
                *held = Some(entry);
                break;
            }
            batch.push(entry);
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use super::*;

    #[tokio::test]
    async fn what_waits_is_written_together_and_each_gets_its_own_answer() {
        let batcher: Batcher<u32, u32> = Batcher::new(3, |_| 1, |_, _| true);
        let written = StdMutex::new(Vec::new());
        let write = |parts: Vec<u32>| {
            written.lock().unwrap().push(parts.len());
            async move {
                tokio::task::yield_now().await;
                Ok(parts.iter().map(|part| part * 10).collect())
            }
        };
        let ask = |n| {
            let batcher = batcher.clone();
            async move { batcher.commit(n).await.unwrap() }
        };
        let all = async { tokio::join!(ask(1), ask(2), ask(3), ask(4), ask(5)) };
        tokio::select! {
            () = batcher.serve(write) => unreachable!("it serves for ever"),
            answers = all => assert_eq!(answers, (10, 20, 30, 40, 50)),
        }
        assert_eq!(*written.lock().unwrap(), [3, 2]);
    }

    #[tokio::test]
    async fn a_part_that_is_refused_does_not_take_the_others_with_it() {
        let batcher: Batcher<u32, u32> = Batcher::new(10, |_| 1, |_, _| true);
        let write = async |parts: Vec<u32>| match parts.contains(&2) {
            true => Err(Error::BadJob("2".into())),
            false => Ok(parts),
        };
        let ask = |n| {
            let batcher = batcher.clone();
            async move { batcher.commit(n).await }
        };
        let all = async { tokio::join!(ask(1), ask(2), ask(3)) };
        tokio::select! {
            () = batcher.serve(write) => unreachable!("it serves for ever"),
            (one, two, three) = all => {
                assert_eq!((one.unwrap(), three.unwrap()), (1, 3));
                assert!(matches!(two, Err(Error::BadJob(_))));
            }
        }
    }
}
