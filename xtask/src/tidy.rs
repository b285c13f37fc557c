//! Rules of this repository that no linter knows: file sizes, and ARCHITECTURE.md telling the truth.

use crate::{process, project};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Longer files are missing a cut.
const MAX_LINES: usize = 600;
const COUNTED: [&str; 5] = ["rs", "js", "mjs", "ts", "css"];
const MAP: &str = "ARCHITECTURE.md";

pub fn check() -> Result<()> {
    println!("    tidy: file sizes, {MAP}");
    let mut wrong = Vec::new();
    for file in tracked_files()? {
        wrong.extend(too_long(&file));
    }
    let map = std::fs::read_to_string(project::root().join(MAP))
        .with_context(|| format!("{MAP} cannot be read"))?;
    wrong.extend(missing_paths(&map, |path| {
        project::root().join(path).exists()
    }));
    wrong.extend(compare(&rows(&map), &crates()?));
    for line in &wrong {
        eprintln!("    {line}");
    }
    if !wrong.is_empty() {
        bail!("tidy: {} rules broken", wrong.len());
    }
    Ok(())
}

/// Files that git tracks or would: what is generated is ignored by git.
fn tracked_files() -> Result<Vec<PathBuf>> {
    let mut list = process::command("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let files = process::capture(&mut list).context("`git ls-files` failed")?;
    Ok(files.lines().map(PathBuf::from).collect())
}

fn too_long(file: &Path) -> Option<String> {
    let extension = file.extension()?.to_str()?;
    if !COUNTED.contains(&extension) {
        return None;
    }
    let lines = std::fs::read_to_string(project::root().join(file))
        .ok()?
        .lines()
        .count();
    (lines > MAX_LINES).then(|| format!("{}: {lines} lines, over {MAX_LINES}", file.display()))
}

/// Paths in backticks that lie in the repository by their first folder, and do not exist.
fn missing_paths(map: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folders = ["crates/", "www/", "tests/", "xtask/", ".ci/"];
    map.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| folders.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', ' ', '<']) && !exists(word))
        .map(|word| format!("{MAP} names {word}, which does not exist"))
        .collect()
}

/// The crates that the map's table has a row for.
fn rows(map: &str) -> BTreeSet<String> {
    map.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(path, _)| path.to_owned())
        .collect()
}

/// Folders of the workspace's members, the tests' aside.
fn crates() -> Result<BTreeSet<String>> {
    let mut query = process::command("cargo");
    query.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = process::capture(&mut query).context("`cargo metadata` failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = package["manifest_path"]
                .as_str()
                .context("no manifest path")?;
            let folder = Path::new(manifest).parent().context("no folder")?;
            let inside = folder.strip_prefix(project::root())?;
            Ok(inside.to_string_lossy().replace('\\', "/"))
        })
        .filter(|folder| {
            !folder
                .as_ref()
                .is_ok_and(|folder| folder.starts_with("tests/"))
        })
        .collect()
}

fn compare(rows: &BTreeSet<String>, crates: &BTreeSet<String>) -> Vec<String> {
    let absent = crates
        .difference(rows)
        .map(|name| format!("{MAP} has no row for {name}"));
    let gone = rows
        .difference(crates)
        .map(|name| format!("{MAP} has a row for {name}, which is no crate"));
    absent.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "| crate | what |\n| --- | --- |\n| `crates/log` | a log |\n| `xtask` | set-up |\n\
        See `crates/log/src/gone.rs`, `cargo xtask`, `crates/*` and `crates/log`.";

    #[test]
    fn rows_are_the_tables_first_column() {
        let expected = ["crates/log", "xtask"].map(String::from);
        assert_eq!(rows(SAMPLE), BTreeSet::from(expected));
    }

    #[test]
    fn only_paths_that_are_absent_are_named() {
        let missing = missing_paths(SAMPLE, |path| path == "crates/log");
        assert_eq!(
            missing,
            ["ARCHITECTURE.md names crates/log/src/gone.rs, which does not exist"]
        );
    }

    #[test]
    fn difference_is_told_both_ways() {
        let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let wrong = compare(&set(&["a", "b"]), &set(&["b", "c"]));
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].contains("no row for c") && wrong[1].contains("row for a"));
    }
}
