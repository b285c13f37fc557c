//! `cargo xtask conformance`: clients that nobody here wrote, against the server; and the examples of the
//! page against Apache Kafka.

use crate::kafka::Kafka;
use crate::server::Server;
use crate::setup::{self, Need};
use crate::stages::Count;
use crate::{apt, export, java, node, process, project, python, turns};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const FOLDER: &str = "tests/conformance";
/// A cluster as people have it.
const BROKERS: u32 = 3;

#[derive(clap::Args)]
pub struct Args {
    /// Run one suite alone
    #[arg(value_enum)]
    suite: Option<Suite>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Suite {
    Kafkajs,
    Librdkafka,
    KafkaPython,
    Aiokafka,
    Kcat,
    Rust,
    Java,
    Turns,
    Examples,
    Export,
}

const ALL: [Suite; 10] = [
    Suite::Kafkajs,
    Suite::Librdkafka,
    Suite::KafkaPython,
    Suite::Aiokafka,
    Suite::Kcat,
    Suite::Rust,
    Suite::Java,
    Suite::Turns,
    Suite::Examples,
    Suite::Export,
];

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Suite::Kafkajs => "kafkajs",
            Suite::Librdkafka => "librdkafka",
            Suite::KafkaPython => "kafka-python",
            Suite::Aiokafka => "aiokafka",
            Suite::Kcat => "kcat",
            Suite::Rust => "rust",
            Suite::Java => "java",
            Suite::Turns => "turns",
            Suite::Examples => "examples",
            Suite::Export => "export",
        }
    }

    fn needs(self) -> Vec<Need> {
        match self {
            Suite::Kafkajs => vec![node::node(), node::packages()],
            Suite::Librdkafka | Suite::KafkaPython | Suite::Aiokafka => {
                vec![python::interpreter(), python::packages()]
            }
            Suite::Kcat => vec![python::interpreter(), python::packages(), kcat()],
            Suite::Rust => vec![rust_packages()],
            Suite::Java | Suite::Turns => java::needs(),
            Suite::Examples => {
                let mut needs = vec![node::node(), node::packages()];
                needs.extend(java::needs());
                needs
            }
            Suite::Export => export::needs(),
        }
    }

    /// The program, which is given a broker's address and the cluster's directory if it has one.
    fn program(self) -> Result<Command> {
        let (interpreter, file) = match self {
            Suite::Kafkajs => (PathBuf::from("node"), "kafkajs/run.mjs"),
            Suite::Librdkafka => (python::python(), "python/confluent.py"),
            Suite::KafkaPython => (python::python(), "python/kafka_python.py"),
            Suite::Aiokafka => (python::python(), "python/aiokafka_client.py"),
            Suite::Kcat => (python::python(), "python/kcat.py"),
            Suite::Rust => return rust_program(),
            Suite::Java => {
                java::compile()?;
                let mut program = java::java()?;
                program.arg("dev.konbini.conformance.Main");
                return Ok(program);
            }
            Suite::Examples => {
                let mut program = process::command("node");
                program.args(["--test", "--test-reporter", "tap"]);
                program.arg(project::root().join("tests/code/server.test.mjs"));
                return Ok(program);
            }
            Suite::Export => return export::program(),
            Suite::Turns => bail!("each turn has a program of its own"),
        };
        let mut program = process::command(interpreter);
        program.arg(project::root().join(FOLDER).join(file));
        Ok(program)
    }

    /// Where the cluster keeps its files; in memory when the suite does not look at them.
    fn data(self) -> Option<PathBuf> {
        (self == Suite::Java).then(|| project::target().join("conformance"))
    }
}

/// Runs the suites and prints what came of each.
pub fn run(args: &Args) -> Result<()> {
    let chosen = ALL
        .iter()
        .filter(|suite| args.suite.is_none_or(|only| only == **suite));
    let mut lines = Vec::new();
    let mut failed = 0;
    for suite in chosen {
        println!("\n==> {}", suite.name());
        lines.push(match setup::provide(&suite.needs()) {
            Ok(()) => {
                let count = cases(*suite)?;
                failed += count.failed.len();
                format!(
                    "{:13} {:3} passed {:3} failed",
                    suite.name(),
                    count.passed,
                    count.failed.len()
                )
            }
            Err(error) => format!("{:13} skipped: {error:#}", suite.name()),
        });
    }
    println!("\n{}", lines.join("\n"));
    if failed > 0 {
        bail!("{failed} cases failed");
    }
    Ok(())
}

/// A stage of `cargo xtask test`: the client of the article.
pub fn stage() -> Result<Count> {
    cases(Suite::Kafkajs)
}

/// Runs a suite's program against a cluster of its own and counts its lines.
fn cases(suite: Suite) -> Result<Count> {
    if suite == Suite::Turns {
        return turns::run(count);
    }
    let mut program = suite.program()?;
    match suite {
        Suite::Examples => {
            let kafka = Kafka::fresh(&project::target().join("examples"))?;
            count(program.env("BOOTSTRAP", &kafka.address))
        }
        // It starts Apache Kafka as the export says.
        Suite::Export => count(&mut program),
        _ => {
            let data = suite.data();
            let server = Server::start(BROKERS, data.as_deref())?;
            program.env("KONBINI_CONTROL", &server.control);
            count(program.arg(&server.address).args(&data))
        }
    }
}

/// Runs a program that prints a line for each case.
fn count(program: &mut Command) -> Result<Count> {
    program.stdin(Stdio::null()).stderr(Stdio::inherit());
    println!("    $ {}", process::shown(program));
    let output = program.output().context("the program cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let mut count = Count::default();
    for line in text.lines() {
        if line.starts_with("ok ") {
            count.passed += 1;
        } else if line.starts_with("not ok ") {
            count.add(Count::failure(line));
        }
    }
    if !output.status.success() && count.failed.is_empty() || count == Count::default() {
        let failure = format!("the program ended with {}", output.status);
        count.add(Count::failure(failure));
    }
    Ok(count)
}

fn kcat() -> Need {
    Need {
        name: "kcat".into(),
        present: Box::new(|| {
            let said = process::capture(process::command("kcat").arg("-V"))?;
            let line = said
                .lines()
                .find_map(|line| line.strip_prefix("Version "))?;
            line.split_whitespace().next().map(str::to_owned)
        }),
        how: "apt-get install kcat",
        install: Box::new(|| match apt::available() {
            true => apt::install(&["kcat"]),
            false => bail!("install it from https://github.com/edenhill/kcat"),
        }),
    }
}

/// The suite in Rust is a workspace of its own: nothing else builds what it needs.
pub fn rust_manifest() -> PathBuf {
    project::root().join(FOLDER).join("rust/Cargo.toml")
}

fn rust_packages() -> Need {
    let fetch = || {
        let mut cargo = process::command("cargo");
        cargo.args(["fetch", "--quiet", "--locked", "--manifest-path"]);
        cargo.arg(rust_manifest());
        cargo
    };
    Need {
        name: "Rust clients".into(),
        present: Box::new(move || {
            process::capture(fetch().arg("--offline")).map(|_| "as Cargo.lock says".into())
        }),
        how: "cargo fetch",
        install: Box::new(move || process::run(&mut fetch())),
    }
}

fn rust_program() -> Result<Command> {
    let mut cargo = process::command("cargo");
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]);
    cargo.arg(rust_manifest());
    process::run(cargo.arg("--target-dir").arg(project::target()))?;
    let name = format!("konbini-conformance{}", std::env::consts::EXE_SUFFIX);
    let program = project::target().join("debug").join(name);
    Ok(process::command(program))
}
