//! Models whose room and answers are the test's to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jobs::{Ask, Begun, Models, Pending, Pieces, Refused, Room, Served, Then};
use tokio::sync::Notify;

/// What a name does with a request.
#[derive(Clone)]
pub(crate) enum Does {
    /// Answers when it is told to.
    Waits(Arc<Notify>),
    /// Answers at once.
    Answers,
    /// Refuses at once.
    Refuses(Then),
}

#[derive(Default)]
pub(crate) struct FakeModels(Mutex<State>);

#[derive(Default)]
struct State {
    names: HashMap<String, (u32, Does)>,
    running: HashMap<String, u32>,
    most: HashMap<String, u32>,
    asked: u32,
    changed: Arc<Notify>,
}

impl FakeModels {
    /// `name` has so many slots from now on; none takes it away.
    pub(crate) fn set(&self, name: &str, slots: u32, does: Does) {
        let mut state = self.0.lock().unwrap();
        state.names.insert(name.into(), (slots, does));
        state.changed.notify_waiters();
    }

    /// The most requests that `name` had at once.
    pub(crate) fn most(&self, name: &str) -> u32 {
        *self.0.lock().unwrap().most.get(name).unwrap_or(&0)
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> u32 {
        self.0.lock().unwrap().asked
    }
}

/// A request that runs; its slot is free when it is dropped.
struct Running {
    models: Arc<FakeModels>,
    name: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.models.0.lock().unwrap();
        *state.running.get_mut(&self.name).unwrap() -= 1;
    }
}

struct Answer {
    wait: Option<Arc<Notify>>,
    left: std::vec::IntoIter<&'static str>,
    _running: Running,
}

impl Pieces for Answer {
    fn next(&mut self) -> Pending<'_, Option<Result<Bytes, Refused>>> {
        Box::pin(async {
            if let Some(wait) = &self.wait {
                wait.notified().await;
                self.wait = None;
            }
            self.left.next().map(|text| Ok(Bytes::from(text)))
        })
    }
}

const STREAM: [&str; 3] = [
    "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"so\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
];

/// Models have to be shared with what runs on them.
pub(crate) struct Shared(pub(crate) Arc<FakeModels>);

impl Models for Shared {
    fn room(&self, name: &str) -> Room {
        let state = self.0.0.lock().unwrap();
        let slots = state.names.get(name).map(|(slots, _)| *slots);
        let running = *state.running.get(name).unwrap_or(&0);
        Room {
            free: slots.unwrap_or(0).saturating_sub(running),
            slots: slots.unwrap_or(0),
            why: (slots.unwrap_or(0) == 0).then(|| "it is away".into()),
            is_known: slots.is_some(),
            near: None,
        }
    }

    fn changed(&self) -> Pending<'_, ()> {
        let changed = self.0.0.lock().unwrap().changed.clone();
        Box::pin(async move { changed.notified().await })
    }

    fn ask<'a>(&'a self, ask: Ask) -> Pending<'a, Result<Begun, Refused>> {
        Box::pin(async move {
            let does = {
                let mut state = self.0.0.lock().unwrap();
                state.asked += 1;
                let (_, does) = state.names.get(&ask.name).cloned().unwrap();
                let running = state.running.entry(ask.name.clone()).or_insert(0);
                *running += 1;
                let running = *running;
                let most = state.most.entry(ask.name.clone()).or_insert(0);
                *most = (*most).max(running);
                does
            };
            let running = Running {
                models: self.0.clone(),
                name: ask.name,
            };
            let wait = match does {
                Does::Waits(notify) => Some(notify),
                Does::Answers => None,
                Does::Refuses(then) => {
                    let message = "no".into();
                    return Err(Refused { message, then });
                }
            };
            Ok(Begun {
                content_type: Some("text/event-stream".into()),
                llm: Some("fake".into()),
                pieces: Box::new(Answer {
                    wait,
                    left: Vec::from(STREAM).into_iter(),
                    _running: running,
                }),
            })
        })
    }

    fn served(&self, _llm: &str, _input: u64, _output: u64) -> Served {
        Served::default()
    }
}
