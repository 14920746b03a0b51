//! This machine's mcplocal: a question over its control socket, and where its program is.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use home::Home;
use serde_json::json;
use shared::local_control::{Reply, Request, Status};

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// The longest line of an answer: a status with every provider.
const MAX_REPLY_BYTES: u64 = 4 << 20;

/// Asks the daemon, and hands on each answer.
///
/// Units: `limit` is for each answer; none where answers may be far apart.
pub(super) fn ask(
    home: &Home,
    request: &Request,
    limit: Option<Duration>,
    mut each: impl FnMut(Reply) -> Result<()>,
) -> Result<()> {
    let path = home.socket_path();
    let mut stream = UnixStream::connect(&path).map_err(|why| not_there(&path, &why))?;
    let line = json!(request).to_string() + "\n";
    let sent = stream
        .set_read_timeout(limit)
        .and_then(|()| stream.write_all(line.as_bytes()));
    sent.map_err(|why| broken(&why))?;
    let mut answers = 0;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        let read = io::Read::take(&mut reader, MAX_REPLY_BYTES).read_line(&mut line);
        if read.map_err(|why| broken(&why))? == 0 {
            break;
        }
        let reply = serde_json::from_str(&line).map_err(|why| {
            Failure::failed("mcplocal's answer can't be read")
                .caused_by(&why)
                .hint("mcpctl and mcplocal may be of different versions: `mcpctl version`")
        })?;
        each(reply)?;
        answers += 1;
    }
    if answers == 0 && !matches!(request, Request::Logs { .. }) {
        return Err(broken(&io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    Ok(())
}

/// The daemon's state.
///
/// Errors: `Unavailable` where it does not run, or does not answer within `limit`.
pub(super) fn status(home: &Home, limit: Duration) -> Result<Status> {
    let mut status = None;
    ask(home, &Request::Status, Some(limit), |reply| {
        if let Reply::Status(seen) = reply {
            status = Some(seen);
        }
        Ok(())
    })?;
    status.ok_or_else(|| broken(&io::Error::from(io::ErrorKind::UnexpectedEof)))
}

/// The program beside this one, else the one on the PATH.
pub(super) fn program() -> PathBuf {
    beside("mcplocal").unwrap_or_else(|| "mcplocal".into())
}

/// Where a program of ours is, beside this one or on the PATH; `None` where it is in neither.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        let mut all = std::env::split_paths(&path).map(|dir| dir.join(name));
        all.find(|path| path.is_file())
    };
    beside(name).or_else(on_path)
}

fn beside(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    Some(own.with_file_name(name)).filter(|path| path.is_file())
}

fn not_there(path: &Path, why: &io::Error) -> Failure {
    let failure = match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            Failure::new(Exit::Unavailable, "mcplocal is not running on this machine")
                .cause(format!("nothing listens on {}", path.display()))
        }
        _ => Failure::new(Exit::Unavailable, "mcplocal can't be asked")
            .cause(format!("{}: {why}", path.display())),
    };
    failure.hint("`mcplocal run` starts it here, `mcpctl local install` with every session")
}

fn broken(why: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Unavailable, "mcplocal did not answer");
    match why.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => failure
            .cause("it took longer than the time allowed")
            .hint("look at `mcpctl local logs`"),
        _ => failure.caused_by(why).hint("look at `mcpctl local logs`"),
    }
}
