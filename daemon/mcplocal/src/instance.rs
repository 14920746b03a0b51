//! One mcplocal per home: a lock that ends with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use home::Home;
use home::private_file::create_private_dir;
use rustix::fs::{FlockOperation, flock};

/// The file that is locked.
const LOCK: &str = "mcplocal.lock";

/// The right to run with a home. Held until dropped.
pub struct Instance(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Why this home can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NotAlone {
    /// Another one runs.
    #[error(
        "another mcplocal{} runs with the home {}: see `mcpctl local status`, or give this one \
         another home with --home",
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(),
        home.display()
    )]
    Taken {
        /// The folder.
        home: PathBuf,
        /// Its process.
        pid: Option<u32>,
    },
    /// The folder can't be used.
    #[error("the home {} can't be used", home.display())]
    Unusable {
        /// The folder.
        home: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Instance {
    /// Takes the lock of `home`; makes the folder where there is none.
    pub fn lock(home: &Home) -> Result<Self, NotAlone> {
        let unusable = |source| NotAlone::Unusable {
            home: home.dir().into(),
            source,
        };
        create_private_dir(home.dir()).map_err(unusable)?;
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false);
        let open = open.mode(0o600).open(home.dir().join(LOCK));
        let mut file = open.map_err(unusable)?;
        if let Err(refused) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if refused != rustix::io::Errno::WOULDBLOCK {
                return Err(unusable(refused.into()));
            }
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(NotAlone::Taken {
                home: home.dir().into(),
                pid: text.trim().parse().ok(),
            });
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(unusable)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_and_the_next_one_is_not() {
        let dir = std::env::temp_dir().join(format!("mcplocal-lock-{}", std::process::id()));
        let home = Home::at(&dir);
        let first = Instance::lock(&home).unwrap();
        let why = Instance::lock(&home).err().unwrap().to_string();
        assert!(
            why.contains(&format!("process {}", std::process::id())),
            "{why}"
        );
        drop(first);
        Instance::lock(&home).unwrap();
        std::fs::remove_dir_all(dir).unwrap();
    }
}
