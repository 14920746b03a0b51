//! The gate under any mix of entering, leaving and giving up.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use registry::{Full, Gate, Permit};

/// What may happen to a gate.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody comes.
    Enter,
    /// The one that came at this place (modulo all) goes, be it running or waiting.
    Leave(usize),
    /// The oldest that waits looks whether it is its turn.
    Look,
    /// Another limit and another room for those who wait.
    Resize(u32, u32),
}

type Entering = Pin<Box<dyn Future<Output = Result<Permit, Full>>>>;

enum Guest {
    Running { _permit: Permit },
    Waiting(Entering),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Enter),
        4 => any::<usize>().prop_map(Step::Leave),
        3 => Just(Step::Look),
        1 => (1..5u32, 0..5u32).prop_map(|(limit, queue)| Step::Resize(limit, queue)),
    ]
}

fn poll(entering: &mut Entering) -> Poll<Result<Permit, Full>> {
    let mut cx = Context::from_waker(Waker::noop());
    entering.as_mut().poll(&mut cx)
}

/// A gate, those who came, and what must hold of them.
struct House {
    gate: Gate,
    limit: u32,
    max_queue: u32,
    guests: VecDeque<Guest>,
}

impl House {
    fn new(limit: u32, max_queue: u32) -> Self {
        Self {
            gate: Gate::new(limit, max_queue),
            limit,
            max_queue,
            guests: VecDeque::new(),
        }
    }

    fn take(&mut self, step: Step) {
        let before = (self.gate.in_flight(), self.gate.queued());
        match step {
            Step::Enter => self.enter(before),
            Step::Leave(at) if !self.guests.is_empty() => {
                drop(self.guests.remove(at % self.guests.len()));
            }
            Step::Leave(_) => {}
            Step::Look => self.look(),
            Step::Resize(limit, max_queue) => {
                (self.limit, self.max_queue) = (limit, max_queue);
                self.gate.resize(limit, max_queue);
            }
        }
        let (in_flight, queued) = (self.gate.in_flight(), self.gate.queued());
        assert!(
            in_flight <= self.limit.max(before.0),
            "{in_flight} run, {} may",
            self.limit
        );
        assert!(
            queued == 0 || in_flight >= self.limit,
            "{queued} wait though {in_flight} of {} run",
            self.limit
        );
        assert_eq!(
            (in_flight + queued) as usize,
            self.guests.len(),
            "nobody is lost and nobody counted twice"
        );
    }

    fn enter(&mut self, (in_flight, queued): (u32, u32)) {
        let gate = self.gate.clone();
        let mut entering: Entering = Box::pin(async move { gate.enter().await });
        match poll(&mut entering) {
            Poll::Ready(Ok(permit)) => self.guests.push_back(Guest::Running { _permit: permit }),
            Poll::Ready(Err(full)) => {
                assert_eq!(full, Full { in_flight, queued });
                assert!(queued >= self.max_queue && in_flight >= self.limit);
            }
            Poll::Pending => {
                assert!(queued < self.max_queue);
                self.guests.push_back(Guest::Waiting(entering));
            }
        }
    }

    /// Whoever was admitted notices it; the order of coming is the order of admission.
    fn look(&mut self) {
        let mut somebody_waits = false;
        for guest in &mut self.guests {
            if let Guest::Waiting(entering) = guest {
                match poll(entering) {
                    Poll::Ready(permit) => {
                        assert!(!somebody_waits, "a later one overtook an earlier one");
                        *guest = Guest::Running {
                            _permit: permit.unwrap(),
                        };
                    }
                    Poll::Pending => somebody_waits = true,
                }
            }
        }
    }
}

fuzzing::targets! {
    fn nothing_is_lost_and_no_limit_is_passed(
        limit in 1..5u32,
        max_queue in 0..5u32,
        steps in prop::collection::vec(step(), 0..80),
        backwards in any::<bool>(),
    ) {
        let mut house = House::new(limit, max_queue);
        for step in steps {
            house.take(step);
        }
        // All go, those who wait and those who were admitted without noticing among them.
        while let Some(guest) = if backwards {
            house.guests.pop_back()
        } else {
            house.guests.pop_front()
        } {
            drop(guest);
        }
        prop_assert_eq!((house.gate.in_flight(), house.gate.queued()), (0, 0));
        house.take(Step::Enter);
        prop_assert_eq!(house.gate.in_flight(), 1);
    }
}

#[tokio::test]
async fn many_threads_at_one_gate_leave_nothing_behind() {
    let gate = Gate::new(3, 1000);
    let work = || {
        let gate = gate.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(async {
                for round in 0..200 {
                    let entering = gate.enter();
                    if round % 3 == 0 {
                        // Gives up after a moment, whether it was admitted or not.
                        tokio::select! {
                            biased;
                            _ = entering => {}
                            () = tokio::task::yield_now() => {}
                        }
                        continue;
                    }
                    let _permit = entering.await.unwrap();
                    assert!(gate.in_flight() <= 3);
                    tokio::task::yield_now().await;
                }
            });
        })
    };
    let threads: Vec<_> = (0..4).map(|_| work()).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((gate.in_flight(), gate.queued()), (0, 0));
}
