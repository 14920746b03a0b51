//! One direction of one connection.

use super::connections::{Book, Connections};
use super::rules::{Lane, Rules};
use crate::dice::Dice;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Bytes that pass at once where nothing bounds them.
const PIECE_BYTES: usize = 16 * 1024;
/// Pieces per second of a throttled lane.
const PIECES_PER_SECOND: u64 = 20;

/// Why a pump stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The sender is done; the receiver was told.
    End,
    /// A socket broke, or the lane's rule says that the connection breaks here.
    Break,
}

/// Which connection and which of its lanes.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) number: u64,
    pub(super) pick: fn(&Rules) -> Lane,
    pub(super) connections: &'a Connections,
    /// When something passed last, either way.
    pub(super) passed_at: &'a std::cell::Cell<Instant>,
    /// Whether it is the way up, on which requests are.
    pub(super) is_up: bool,
}

impl Way<'_> {
    /// Passes bytes by the rules of the lane, until the end.
    pub(super) async fn pump(&self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> Stopped {
        match self.pass(from, to).await {
            Ok(stopped) => stopped,
            Err(_) => Stopped::Break,
        }
    }

    async fn pass(&self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<Stopped> {
        let mut rules = self.connections.rules();
        let mut buffer = vec![0; PIECE_BYTES];
        let mut passed = 0_u64;
        let mut dice = chance(self.number, self.is_up);
        loop {
            let lane = self.light(&mut rules).await?;
            if lane.half_closed {
                to.shutdown().await?;
                return Ok(Stopped::End);
            }
            let room = room(&lane, passed);
            let read = tokio::select! {
                biased;
                // Another rule may hold from here on.
                changed = rules.changed() => { changed.map_err(io::Error::other)?; continue; }
                read = from.read(&mut buffer[..room]) => read?,
            };
            if read == 0 {
                self.light(&mut rules).await?;
                to.shutdown().await?;
                return Ok(Stopped::End);
            }
            self.passed_at.set(Instant::now());
            if self.is_up {
                self.connections.note(self.number, &buffer[..read]);
            }
            sleep(wait(&lane, read, &mut dice)).await;
            // It may have become dark while the piece waited.
            self.light(&mut rules).await?;
            to.write_all(&buffer[..read]).await?;
            self.passed_at.set(Instant::now());
            passed += read as u64;
            if lane.cut_at != 0 && passed >= lane.cut_at {
                return Ok(Stopped::Break);
            }
        }
    }

    /// Waits until the lane is light; its rule then.
    async fn light(&self, rules: &mut watch::Receiver<Book>) -> io::Result<Lane> {
        let lane = |book: &Book| (self.pick)(&book.of(self.number));
        let book = rules.wait_for(|book| !lane(book).dark).await;
        Ok(lane(&*book.map_err(io::Error::other)?))
    }
}

fn room(lane: &Lane, passed: u64) -> usize {
    let mut room = PIECE_BYTES as u64;
    if lane.bytes_per_second != 0 {
        room = room.min((lane.bytes_per_second / PIECES_PER_SECOND).max(1));
    }
    if lane.cut_at != 0 {
        room = room.min(lane.cut_at.saturating_sub(passed).max(1));
    }
    usize::try_from(room).unwrap_or(PIECE_BYTES)
}

/// The chance of one direction of the connection `number`, the same in every run.
pub(super) fn chance(number: u64, is_up: bool) -> Dice {
    Dice::new(number * 2 + u64::from(is_up))
}

/// How long a piece of so many bytes waits.
pub(super) fn wait(lane: &Lane, bytes: usize, dice: &mut Dice) -> Duration {
    let mut wait = lane.delay;
    if !lane.jitter.is_zero() {
        wait += lane.jitter * dice.roll(1001) / 1000;
    }
    if lane.bytes_per_second != 0 {
        wait += Duration::from_secs_f64(bytes as f64 / lane.bytes_per_second as f64);
    }
    wait
}
