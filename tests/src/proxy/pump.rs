//! One direction of one connection.

use super::rules::{Lane, Rules};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

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

/// Passes bytes by the rules of the lane that `pick` picks, until the end.
pub(super) async fn pump(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut rules: watch::Receiver<Rules>,
    pick: fn(&Rules) -> Lane,
) -> Stopped {
    match pass(from, to, &mut rules, pick).await {
        Ok(stopped) => stopped,
        Err(_) => Stopped::Break,
    }
}

async fn pass(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    rules: &mut watch::Receiver<Rules>,
    pick: fn(&Rules) -> Lane,
) -> io::Result<Stopped> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut passed = 0_u64;
    loop {
        let lane = light(rules, pick).await?;
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
            light(rules, pick).await?;
            to.shutdown().await?;
            return Ok(Stopped::End);
        }
        sleep(wait(&lane, read)).await;
        // It may have become dark while the piece waited.
        light(rules, pick).await?;
        to.write_all(&buffer[..read]).await?;
        passed += read as u64;
        if lane.cut_at != 0 && passed >= lane.cut_at {
            return Ok(Stopped::Break);
        }
    }
}

/// Waits until the lane is light; its rule then.
async fn light(rules: &mut watch::Receiver<Rules>, pick: fn(&Rules) -> Lane) -> io::Result<Lane> {
    let rules = rules.wait_for(|rules| !pick(rules).dark).await;
    Ok(pick(&*rules.map_err(io::Error::other)?))
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

fn wait(lane: &Lane, bytes: usize) -> Duration {
    let mut wait = lane.delay;
    if lane.bytes_per_second != 0 {
        wait += Duration::from_secs_f64(bytes as f64 / lane.bytes_per_second as f64);
    }
    wait
}
