//! Requests a health URL once, for the `health` command of each binary, so that container images need no curl.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// A process that takes longer to answer does not count as healthy.
const LIMIT: Duration = Duration::from_secs(2);

/// At most this many bytes of the answer are read. A health report is shorter.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// The process does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The URL is not plain HTTP.
    #[error("{0:?} is not an http:// address")]
    Address(String),
    /// There was no answer.
    #[error("no answer from {url}: {source}")]
    Unreachable {
        /// The URL that was requested.
        url: String,
        /// Why the connection or the request failed.
        source: io::Error,
    },
    /// The answer did not come in time.
    #[error("no answer from {0} within 2 s")]
    TimedOut(String),
    /// The answer was not 200.
    #[error("{url} answered {status}: {body}")]
    Unhealthy {
        /// The URL that was requested.
        url: String,
        /// The status line.
        status: String,
        /// The body, which usually has the failing checks.
        body: String,
    },
}

/// Requests `url` over plain HTTP, and succeeds if the answer is 200 and comes within two seconds.
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
    check_status(url, &answer)
}

async fn get(host: &str, port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn check_status(url: &str, answer: &str) -> Result<(), ProbeError> {
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
