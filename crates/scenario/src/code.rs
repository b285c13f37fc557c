//! The reader's programs as plain data: their files, when each began, and what was done to it.
//!
//! Files are told as changes: the first program's, those since for each one that follows, and those
//! after the last. So nothing is there twice, and each program is known with the files it saw.

use serde::{Deserialize, Serialize};

/// What a recording holds of the code view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<TimedStep>,
    /// Changes since the last program began: with them the files are as they were when shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Change>,
}

/// A file that was written, or removed where it has no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A file with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub name: String,
    pub text: String,
}

/// What a reader does with programs. They are numbered from 0, in the order in which they begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// A file runs as the next program.
    Begin {
        file: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Change>,
    },
    Signal {
        program: u32,
        signal: Signal,
    },
    /// Ends a program by force.
    Kill {
        program: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    #[serde(rename = "SIGINT")]
    Interrupt,
    #[serde(rename = "SIGTERM")]
    Terminate,
}

/// A step and the virtual ms at which the program meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedStep {
    pub at: i64,
    #[serde(flatten)]
    pub step: Step,
}

impl Code {
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.files.is_empty()
    }

    /// The files as they were when this was shared.
    pub fn all_files(&self) -> Vec<File> {
        let mut files = Vec::new();
        for timed in &self.programs {
            if let Step::Begin { files: changes, .. } = &timed.step {
                apply(&mut files, changes);
            }
        }
        apply(&mut files, &self.files);
        files
    }
}

/// Makes the changes. New files come last, as they do in the code view.
pub fn apply(files: &mut Vec<File>, changes: &[Change]) {
    for Change { name, text } in changes {
        let found = files.iter().position(|file| file.name == *name);
        match (found, text) {
            (Some(place), Some(text)) => files[place].text.clone_from(text),
            (Some(place), None) => drop(files.remove(place)),
            (None, Some(text)) => files.push(File {
                name: name.clone(),
                text: text.clone(),
            }),
            (None, None) => {}
        }
    }
}

/// What makes `after` of `before`.
pub fn changes(before: &[File], after: &[File]) -> Vec<Change> {
    let lacks = |file: &&File| after.iter().all(|other| other.name != file.name);
    let removed = before.iter().filter(lacks).map(|file| Change {
        name: file.name.clone(),
        text: None,
    });
    let written = after
        .iter()
        .filter(|file| !before.contains(file))
        .map(|file| Change {
            name: file.name.clone(),
            text: Some(file.text.clone()),
        });
    removed.chain(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Vec<File> {
        let file = |(name, text): &(&str, &str)| File {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        };
        texts.iter().map(file).collect()
    }

    #[test]
    fn changes_lead_from_one_set_of_files_to_the_other() {
        let check = |before: &[(&str, &str)], after: &[(&str, &str)], count: usize| {
            let (before, after) = (files(before), files(after));
            let changes = changes(&before, &after);
            assert_eq!(changes.len(), count);
            let mut made = before;
            apply(&mut made, &changes);
            assert_eq!(made, after);
        };
        check(&[], &[], 0);
        check(&[], &[("a.js", "1"), ("b.js", "")], 2);
        check(
            &[("a.js", "1"), ("b.js", "2")],
            &[("a.js", "1"), ("b.js", "3")],
            1,
        );
        check(
            &[("a.js", "1"), ("b.js", "2")],
            &[("b.js", "2"), ("c.js", "1")],
            2,
        );
        check(&[("a.js", "1")], &[], 1);
    }
}
