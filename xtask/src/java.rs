//! A JDK, and Apache Kafka's jars from Maven Central as `tests/conformance/java/pom.xml` pins them.

use crate::setup::Need;
use crate::{process, project};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "tests/conformance/java";
/// The oldest Java that Apache Kafka 4's broker and tools run on.
const OLDEST: u32 = 17;

/// What compiles and runs programs on Apache Kafka's jars.
pub fn needs() -> Vec<Need> {
    vec![jdk(), maven(), jars()]
}

fn jdk() -> Need {
    Need {
        name: format!("JDK {OLDEST} or newer"),
        present: Box::new(|| {
            let said = process::capture(process::command("javac").arg("-version"))?;
            let version = said.split_whitespace().nth(1)?;
            let major: u32 = version.split('.').next()?.parse().ok()?;
            (major >= OLDEST).then(|| version.to_owned())
        }),
        how: "looking for it",
        install: Box::new(|| {
            bail!(
                "install it with `apt-get install default-jdk-headless`, or from https://adoptium.net"
            )
        }),
    }
}

fn maven() -> Need {
    Need {
        name: "Maven".into(),
        present: Box::new(|| {
            let said = process::capture(process::command(mvn()).arg("--version"))?;
            let mut words = said.split_whitespace();
            words.find(|word| word.ends_with("Maven"))?;
            words.next().map(str::to_owned)
        }),
        how: "looking for it",
        install: Box::new(|| {
            bail!("install it with `apt-get install maven`, or from https://maven.apache.org")
        }),
    }
}

fn mvn() -> &'static str {
    if cfg!(windows) { "mvn.cmd" } else { "mvn" }
}

/// The jars lie in Maven's own repository; what is kept here is where.
fn jars() -> Need {
    Need {
        name: "Apache Kafka's jars".into(),
        present: Box::new(|| {
            let same = std::fs::read(pom()).ok()? == std::fs::read(stamp()).ok()?;
            let found = std::fs::read_to_string(paths()).ok()?;
            let there = std::env::split_paths(&found).all(|jar| jar.is_file());
            (same && there).then(|| "as pom.xml says".into())
        }),
        how: "mvn dependency:build-classpath",
        install: Box::new(|| {
            std::fs::create_dir_all(place())?;
            let mut maven = process::command(mvn());
            maven
                .args(["-q", "-B", "-f"])
                .arg(pom())
                .arg("dependency:build-classpath")
                .arg(format!("-Dmdep.outputFile={}", paths().display()));
            process::run(&mut maven)?;
            std::fs::copy(pom(), stamp())?;
            Ok(())
        }),
    }
}

fn pom() -> PathBuf {
    project::root().join(FOLDER).join("pom.xml")
}

fn place() -> PathBuf {
    project::tools().join("java")
}

/// The list of jars.
fn paths() -> PathBuf {
    place().join("classpath")
}

/// A copy of the pom.xml that the list is of.
fn stamp() -> PathBuf {
    place().join("pom.xml")
}

/// Apache Kafka's jars, and what lies in `classes`.
pub fn class_path() -> Result<OsString> {
    let list = std::fs::read_to_string(paths()).context("no list of jars")?;
    let mut all = vec![classes()];
    all.extend(std::env::split_paths(list.trim()));
    Ok(std::env::join_paths(all)?)
}

/// `java` with Apache Kafka's jars and what lies in `classes` on its class path.
pub fn java() -> Result<Command> {
    let mut java = process::command("java");
    // Not -cp: a line of hundred jars says nothing to who reads which program ran.
    java.env("CLASSPATH", class_path()?);
    Ok(java)
}

fn classes() -> PathBuf {
    place().join("classes")
}

/// Compiles the programs of the suite.
pub fn compile() -> Result<()> {
    let list = std::fs::read_to_string(paths()).context("no list of jars")?;
    std::fs::remove_dir_all(classes()).ok();
    let mut javac = process::command("javac");
    javac
        .env("CLASSPATH", list.trim())
        .args(["--release", &OLDEST.to_string(), "-d"])
        .arg(classes())
        .args(sources(&project::root().join(FOLDER).join("src"))?);
    let output = javac.output().context("javac cannot be started")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|end| end == "java") {
            found.push(path);
        }
    }
    Ok(found)
}
