//! The common part of this package's programs.

use std::{fmt::Display, process::ExitCode};

use runtime::failure::in_one_line;
use serde::Serialize;

use crate::system::programs::check_release;

/// Measures, and prints the report as text or as JSON, or the error.
pub async fn measure<Report: Display + Serialize>(
    name: &str,
    as_json: bool,
    run: impl Future<Output = anyhow::Result<Report>>,
) -> ExitCode {
    match figures(as_json, run).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{name}: {}", in_one_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn figures<Report: Display + Serialize>(
    as_json: bool,
    run: impl Future<Output = anyhow::Result<Report>>,
) -> anyhow::Result<String> {
    check_release()?;
    let report = run.await?;
    if as_json {
        Ok(serde_json::to_string_pretty(&report)?)
    } else {
        Ok(report.to_string())
    }
}
