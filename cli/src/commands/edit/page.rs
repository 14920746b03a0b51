//! What a person sees in the editor: lines that explain, and the text.

use crate::failure::Failure;

/// The text, and what stands above it.
pub(super) struct Page {
    what: String,
    /// Without the comments above it.
    pub(super) text: String,
    notes: Vec<String>,
    /// It is on top of another's version: it is stored also as it stands.
    pub(super) overtaken: bool,
}

impl Page {
    pub(super) fn new(what: &str, text: String) -> Self {
        Self {
            what: what.into(),
            text,
            notes: Vec::new(),
            overtaken: false,
        }
    }

    /// The person's text again, below why it was refused.
    pub(super) fn again(self, text: String, why: &Failure) -> Self {
        let lines = why.lines().into_iter();
        let lines = lines.map(|(label, line)| format!("{label}: {line}"));
        Self {
            notes: lines.collect(),
            text,
            overtaken: false,
            ..self
        }
    }

    /// Both one's changes, below what the other changed and what both did.
    pub(super) fn overtaken(self, text: String, theirs: &str, both: &[String]) -> Self {
        let mut notes = vec![format!("{} was changed meanwhile:", self.what)];
        notes.extend(theirs.lines().map(Into::into));
        notes.push("Your changes are on top of theirs; saved as it stands, this is stored.".into());
        if !both.is_empty() {
            let fields = both.join(", ");
            notes.push(format!("Both of you changed {fields}: yours stands below."));
        }
        Self {
            notes,
            text,
            overtaken: true,
            ..self
        }
    }

    /// As the editor gets it.
    pub(super) fn show(&self) -> String {
        let mut page = format!(
            "# {}: save and quit to store it.\n\
             # To keep what is there, leave it unchanged, or empty it.\n\
             # Lines that begin with # are left out.\n",
            self.what
        );
        for note in &self.notes {
            for line in note.lines() {
                page += format!("# {line}").trim_end();
                page.push('\n');
            }
        }
        page + &self.text
    }

    /// What was saved, without the comments at its beginning. Others are the person's, and YAML
    /// passes them over.
    pub(super) fn read(&self, saved: &str) -> String {
        let lines = saved.split_inclusive('\n');
        let lines = lines.skip_while(|line| line.starts_with('#') || line.trim().is_empty());
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again_without_the_notes() {
        let page = Page::new("llm/a", "kind: Llm\n# mine\nspec: {}\n".into());
        assert_eq!(page.read(&page.show()), page.text);
        let why = Failure::failed("this is not valid").cause("a\nb");
        let again = page.again("kind: X\n".into(), &why);
        let shown = again.show();
        assert!(
            shown.contains("# error: this is not valid\n# cause: a\n# b\n"),
            "{shown}"
        );
        assert_eq!(again.read(&shown), "kind: X\n");
        let overtaken = again.overtaken("t: 1\n".into(), "-a\n+b\n", &["spec.model".into()]);
        let shown = overtaken.show();
        assert!(shown.contains("# -a\n# +b\n") && shown.contains("spec.model"));
        assert_eq!(overtaken.read(""), "");
    }
}
