//! Runs a case within a limit and prints `ok NAME` or `not ok NAME: why`.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn case(name: &str, body: impl Future<Output = Result<()>>) {
    // For trying out some of them: a part of their names.
    if std::env::var("ONLY").is_ok_and(|only| !name.contains(&only)) {
        return;
    }
    let result = match tokio::time::timeout(PATIENCE, body).await {
        Ok(result) => result,
        Err(_) => Err(anyhow::anyhow!("it was not over within {PATIENCE:?}")),
    };
    match result {
        Ok(()) => println!("ok {name}"),
        Err(error) => println!(
            "not ok {name}: {}",
            format!("{error:#}").replace('\n', " | ")
        ),
    }
}

/// That two values are the same, or an error with both.
pub fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<()> {
    if found != expected {
        bail!("expected {expected:?}, found {found:?}");
    }
    Ok(())
}

/// That a call was refused, and that the reason holds this word.
pub fn refused<T, E: std::fmt::Debug>(result: Result<T, E>, word: &str) -> Result<()> {
    match result {
        Ok(_) => bail!("{word} was expected, but it worked"),
        Err(error) if format!("{error:?}").contains(word) => Ok(()),
        Err(error) => bail!("{word} was expected, found {error:?}"),
    }
}

/// Asks until it holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !holds().await? {
        if begun.elapsed() > PATIENCE / 2 {
            bail!("{what} did not come about");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
