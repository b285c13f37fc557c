//! Whether programs and files are within the limits. They come in links, and a link is hostile.

use super::Invalid;
use super::field::{Checked, at_most, within};
use crate::code::{Change, Code, File, Step, TimedStep, apply};
use crate::limit;

/// Where the steps so far have led: the files, and how many programs there were.
#[derive(Clone, Debug, Default)]
pub struct History {
    files: Vec<File>,
    begun: u32,
    steps: usize,
    /// Of all texts so far, those that were replaced too.
    chars: usize,
}

impl Code {
    /// The steps, their order in time, and the files that they lead to.
    pub(super) fn validate(&self) -> Checked {
        let mut history = History::default();
        let mut earliest = 0;
        for (n, TimedStep { at, step }) in self.programs.iter().enumerate() {
            let place = format!("code.programs[{n}]");
            let times = earliest..=limit::RUN_MS_MAX;
            within(&format!("{place}.at"), *at, &times)?;
            earliest = *at;
            history.take(&place, step)?;
        }
        history.change("code.files", &self.files)
    }
}

impl History {
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Programs that have begun.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// Takes the next step; `place` names it in the error.
    ///
    /// # Errors
    /// The step is not allowed here. What it would have changed may be changed in part.
    pub fn take(&mut self, place: &str, step: &Step) -> Checked {
        self.steps += 1;
        at_most(
            "code.programs",
            self.steps,
            limit::PROGRAM_STEPS_MAX,
            "entries",
        )?;
        match step {
            Step::Begin { file, files } => {
                self.change(&format!("{place}.files"), files)?;
                self.begun += 1;
                self.has(&format!("{place}.file"), file)
            }
            Step::Signal { program, .. } | Step::Kill { program } => {
                self.has_begun(&format!("{place}.program"), *program)
            }
        }
    }

    fn change(&mut self, place: &str, changes: &[Change]) -> Checked {
        for (n, Change { name, text }) in changes.iter().enumerate() {
            file_name(&format!("{place}[{n}].name"), name)?;
            let Some(text) = text else {
                self.has(&format!("{place}[{n}].name"), name)?;
                continue;
            };
            let chars = chars(text);
            let field = format!("{place}[{n}].text");
            at_most(&field, chars, limit::FILE_CHARS_MAX, "characters")?;
            self.chars += chars;
            let all = "all texts of the code together";
            at_most(all, self.chars, limit::CODE_CHARS_MAX, "characters")?;
        }
        apply(&mut self.files, changes);
        at_most(place, self.files.len(), limit::FILES_MAX, "files")
    }

    fn has(&self, place: &str, name: &str) -> Checked {
        if self.files.iter().any(|file| file.name == name) {
            return Ok(());
        }
        let names: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let there = match names.as_slice() {
            [] => "there are no files".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        Err(Invalid::new(
            "unknown-file",
            place,
            &format!("is {name:?}"),
            &there,
        ))
    }

    fn has_begun(&self, place: &str, program: u32) -> Checked {
        if program < self.begun {
            return Ok(());
        }
        Err(Invalid::new(
            "unknown-program",
            place,
            &format!("is {program}"),
            &format!("{} had begun, counted from 0", self.begun),
        ))
    }
}

/// UTF-16 units, as the page counts.
fn chars(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `orders.js` or `lib/orders.js`; never a way out of the folder.
fn file_name(field: &str, name: &str) -> Checked {
    let part = |part: &str| {
        let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let rest = |c: char| first(c) || matches!(c, '.' | '-');
        part.starts_with(first) && part.chars().all(rest)
    };
    if name.len() <= limit::FILE_NAME_CHARS_MAX && name.split('/').all(part) {
        return Ok(());
    }
    let shown: String = name.chars().take(limit::FILE_NAME_CHARS_MAX).collect();
    Err(Invalid::new(
        "file-name",
        field,
        &format!("is {shown:?}"),
        "a file's name has 1 to 80 letters of a-z and A-Z, digits, dots, dashes and slashes, as lib/orders.js, and each part begins with a letter or a digit",
    ))
}
