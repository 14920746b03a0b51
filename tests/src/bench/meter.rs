//! CPU time and memory of the processes under test, from `/proc`.

use super::trouble::{During, Trouble};
use std::fs;

/// Reads a fixed set of processes, added up.
#[derive(Debug, Clone)]
pub struct Meter {
    pids: Vec<u32>,
}

/// Resident memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// All resident pages, shared libraries and the program's own text included.
    pub resident: u64,
    /// Private pages: heap and stacks.
    pub anonymous: u64,
}

impl Meter {
    /// The processes `roots` and all their descendants as of now (nginx's workers belong to nginx).
    #[must_use]
    pub fn of(roots: &[u32]) -> Self {
        let mut pids = Vec::new();
        let mut open = roots.to_vec();
        while let Some(pid) = open.pop() {
            if !pids.contains(&pid) {
                pids.push(pid);
                open.extend(children(pid));
            }
        }
        Self { pids }
    }

    /// CPU time that all threads of all processes have used, in nanoseconds.
    ///
    /// Threads that have ended are not counted; the daemons' threads live as long as they do.
    ///
    /// # Errors
    /// When a process has gone.
    pub fn cpu_ns(&self) -> Result<u64, Trouble> {
        self.pids.iter().map(|pid| process_cpu_ns(*pid)).sum()
    }

    /// Resident memory now.
    ///
    /// # Errors
    /// When a process has gone.
    pub fn memory(&self) -> Result<Memory, Trouble> {
        let mut sum = Memory::default();
        for pid in &self.pids {
            let path = format!("/proc/{pid}/status");
            let text = fs::read_to_string(&path).during(format!("read {path}"))?;
            sum.resident += kib_line(&text, "VmRSS:") * 1024;
            sum.anonymous += kib_line(&text, "RssAnon:") * 1024;
        }
        Ok(sum)
    }
}

fn process_cpu_ns(pid: u32) -> Result<u64, Trouble> {
    let path = format!("/proc/{pid}/task");
    let mut sum = 0;
    for entry in fs::read_dir(&path).during(format!("read {path}"))? {
        let task = entry.during(format!("read {path}"))?.path();
        // A thread may end between the listing and the read.
        if let Ok(text) = fs::read_to_string(task.join("schedstat")) {
            sum += text
                .split(' ')
                .next()
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or(0);
        }
    }
    Ok(sum)
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

fn kib_line(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next())
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_cpu_and_memory() {
        let meter = Meter::of(&[std::process::id()]);
        assert!(meter.cpu_ns().unwrap() > 0);
        let memory = meter.memory().unwrap();
        assert!(memory.resident >= memory.anonymous && memory.anonymous > 0);
    }

    #[test]
    fn a_process_that_has_gone_is_an_error() {
        assert!(
            Meter {
                pids: vec![u32::MAX - 1]
            }
            .cpu_ns()
            .is_err()
        );
    }
}
