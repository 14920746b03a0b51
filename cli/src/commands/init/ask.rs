//! Questions with a default. Empty takes the default, nonsense asks again, Ctrl-C and Ctrl-D leave.

use std::io::{self, BufRead};

use crate::failure::{Failure, Result};
use crate::output::Output;

/// Asks a person, or takes every default.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) output: &'a Output,
    /// Whether somebody is there to answer.
    pub(super) asks: bool,
}

impl Asker<'_> {
    /// A line that `read` understands.
    ///
    /// Errors: interrupted at the end of the input.
    pub(super) fn line<T>(
        &self,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T> {
        loop {
            let typed = if self.asks {
                self.typed(&format!("{question} [{default}]: "))?
            } else {
                String::new()
            };
            let answer = match typed.trim() {
                "" => default,
                answer => answer,
            };
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(why) if self.asks => self.output.warning(&why),
                Err(why) => return Err(Failure::failed(why)),
            }
        }
    }

    /// Yes or no.
    pub(super) fn confirm(&self, question: &str, default: bool) -> Result<bool> {
        let default = if default { "Y/n" } else { "y/N" };
        self.line(question, default, |answer| match answer {
            "Y/n" => Ok(true),
            "y/N" => Ok(false),
            answer => match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => Ok(true),
                "n" | "no" => Ok(false),
                _ => Err("answer y or n".into()),
            },
        })
    }

    fn typed(&self, question: &str) -> Result<String> {
        self.output.to_err(question);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let read =
            read.map_err(|why| Failure::failed("the terminal can't be read").caused_by(&why))?;
        if read == 0 {
            self.output.to_err("\n");
            return Err(Failure::interrupted());
        }
        Ok(line)
    }
}
