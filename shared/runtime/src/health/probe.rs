//! Asks a health address once, for the `health` command of each binary; container images then need no curl.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// A process that takes longer is not well.
const LIMIT: Duration = Duration::from_secs(2);

/// An answer this long is no health report.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Why a process does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The address cannot be asked.
    #[error("{0:?} is not an http:// address")]
    Address(String),
    /// Nobody answered.
    #[error("no answer from {url}: {source}")]
    Unreachable {
        /// Who was asked.
        url: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The answer did not come in time.
    #[error("no answer from {0} within 2 s")]
    TimedOut(String),
    /// The answer was not 200.
    #[error("{url} answered {status}: {body}")]
    Unhealthy {
        /// Who was asked.
        url: String,
        /// The status line.
        status: String,
        /// What it said, usually the failing checks.
        body: String,
    },
}

/// Succeeds if a GET of `url` (plain HTTP) is answered with 200 within two seconds.
pub async fn probe(url: &str) -> Result<(), ProbeError> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.scheme() == "http");
    let address = parsed
        .as_ref()
        .and_then(|parsed| Some((parsed.host_str()?, parsed.port_or_known_default()?)));
    let (Some(parsed), Some((host, port))) = (&parsed, address) else {
        return Err(ProbeError::Address(url.to_owned()));
    };
    let host = host.trim_matches(['[', ']']);
    let answer = match timeout(LIMIT, get(host, port, parsed.path())).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(source)) => {
            return Err(ProbeError::Unreachable {
                url: url.to_owned(),
                source,
            });
        }
        Err(_) => return Err(ProbeError::TimedOut(url.to_owned())),
    };
    judge(url, &answer)
}

async fn get(host: &str, port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn judge(url: &str, answer: &str) -> Result<(), ProbeError> {
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(ProbeError::Unhealthy {
        url: url.to_owned(),
        status: status.to_owned(),
        body: body.trim().to_owned(),
    })
}
