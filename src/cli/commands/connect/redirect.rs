//! Listens on this machine for the browser that HubSpot sends back. Any program on this machine and any page in the
//! browser can send requests here, so a request without the right state is ignored and does not end the wait.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use runtime::settings::Secret;
use subtle::ConstantTimeEq;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::timeout};
use url::{Host, Url, form_urlencoded};

/// How long the browser has to load its page after the answer has arrived.
const PAGE_TIMEOUT: Duration = Duration::from_secs(1);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// The longest value of a parameter that is accepted. HubSpot's codes and errors are much shorter.
const MAX_PARAMETER_BYTES: usize = 2_048;

/// Why the command cannot listen for the browser.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedirectError {
    /// The address does not lead to this command.
    #[error(
        "--redirect-uri must begin with http:// and name this machine (localhost, 127.0.0.1 or [::1]), without a query \
                 or a fragment, as in http://localhost:3034/oauth/callback"
    )]
    InvalidUri,
    /// Another program listens on the port.
    #[error(
        "port {0} is in use by another program; stop that program, or name another port with --redirect-uri and \
                 register that address in the app's settings in HubSpot"
    )]
    InUse(u16),
    /// The system does not allow it.
    #[error("cannot listen on port {port}: {cause}; name another port with --redirect-uri")]
    Listen {
        /// The port.
        port: u16,
        /// The system's error.
        cause: io::Error,
    },
}

/// The answer that the browser brought from HubSpot's page.
#[derive(Debug)]
pub(super) enum ConsentAnswer {
    /// The person consented. The code can be exchanged for tokens once.
    Code(Secret),
    /// The person denied the consent, or HubSpot failed; with the code of the error.
    Error(String),
}

/// Listens at the redirect address.
pub(super) struct RedirectListener {
    listeners: Vec<TcpListener>,
    uri: Url,
}

impl RedirectListener {
    /// Listens on the loopback addresses that the URI names, and on no others. Port 0 takes any free port.
    pub(super) async fn bind(uri: &Url) -> Result<Self, RedirectError> {
        if !is_this_machine(uri)
            || uri.query().is_some()
            || uri.fragment().is_some()
            || !uri.username().is_empty()
        {
            return Err(RedirectError::InvalidUri);
        }
        let wanted = uri.port_or_known_default().unwrap_or(80);
        let is_v6 = matches!(uri.host(), Some(Host::Ipv6(_)));
        let first = bind(if is_v6 { V6 } else { V4 }, wanted).await?;
        let port = first.local_addr().map_or(wanted, |address| address.port());
        let mut listeners = vec![first];
        if matches!(uri.host(), Some(Host::Domain(_))) {
            // For a name, the browser may try the IPv6 address first. Another program that listens there would receive
            // the code, so that is an error. On a machine without IPv6 there is nothing to protect.
            match bind(V6, port).await {
                Ok(listener) => listeners.push(listener),
                Err(in_use @ RedirectError::InUse(_)) => return Err(in_use),
                Err(RedirectError::Listen { .. } | RedirectError::InvalidUri) => {}
            }
        }
        let mut uri = uri.clone();
        if wanted == 0 {
            uri.set_port(Some(port)).map_err(|()| RedirectError::InvalidUri)?;
        }
        Ok(Self { listeners, uri })
    }

    /// The address that HubSpot sends the browser back to.
    pub(super) fn uri(&self) -> &Url {
        &self.uri
    }

    /// Waits for the answer with this state; `None` if it does not come in time.
    pub(super) async fn wait_for_answer(self, state: &Secret, limit: Duration) -> Option<ConsentAnswer> {
        let (sender, receiver) = oneshot::channel();
        let (stop, stopped) = tokio::sync::watch::channel(());
        let expected = Arc::new(ExpectedAnswer {
            path: self.uri.path().to_owned(),
            state: state.clone(),
            sender: Mutex::new(Some(sender)),
        });
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let router = Router::new().fallback(receive).with_state(Arc::clone(&expected));
            let mut stopped = stopped.clone();
            serving.spawn(async move {
                let end = async move { drop(stopped.changed().await) };
                axum::serve(listener, router).with_graceful_shutdown(end).await
            });
        }
        let answer = timeout(limit, receiver).await.ok().and_then(Result::ok);
        // The browser gets a moment to load its page. The limit keeps an idle connection from holding up the command.
        drop(stop);
        let all_servers = async { while serving.join_next().await.is_some() {} };
        drop(timeout(PAGE_TIMEOUT, all_servers).await);
        answer
    }
}

/// Whether a URL is plain HTTP on this machine.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    };
    is_local && url.scheme() == "http"
}

async fn bind(address: IpAddr, port: u16) -> Result<TcpListener, RedirectError> {
    TcpListener::bind((address, port)).await.map_err(|cause| {
        if cause.kind() == io::ErrorKind::AddrInUse {
            RedirectError::InUse(port)
        } else {
            RedirectError::Listen { port, cause }
        }
    })
}

/// What a request must match, and where its answer goes.
struct ExpectedAnswer {
    path: String,
    state: Secret,
    /// Taken by the first answer.
    sender: Mutex<Option<oneshot::Sender<ConsentAnswer>>>,
}

async fn receive(State(expected): State<Arc<ExpectedAnswer>>, method: Method, uri: Uri) -> Response {
    if uri.path() != expected.path {
        return page(StatusCode::NOT_FOUND, "There is nothing here.");
    }
    if method != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "This page only supports GET.");
    }
    let query = uri.query().unwrap_or_default();
    if !expected.has_state(single_parameter(query, "state").as_deref()) {
        return page(
            StatusCode::BAD_REQUEST,
            "This request does not belong to the running hubsync connect and was ignored. Open the address that the terminal \
             shows.",
        );
    }
    let answer = match (single_parameter(query, "code"), single_parameter(query, "error")) {
        (Some(code), None) if !code.is_empty() => ConsentAnswer::Code(Secret::from(code)),
        (_, Some(error)) => ConsentAnswer::Error(to_printable_code(&error)),
        (_, None) => {
            return page(
                StatusCode::BAD_REQUEST,
                "This request contains neither a code nor an error.",
            );
        }
    };
    let message = match &answer {
        ConsentAnswer::Code(_) => {
            "HubSpot's answer has arrived. You can close this page and return to the terminal."
        }
        ConsentAnswer::Error(_) => {
            "HubSpot did not connect the app. You can close this page; the terminal says why."
        }
    };
    let sender = expected
        .sender
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    match sender {
        Some(sender) => {
            // This fails only if the command stopped waiting a moment ago.
            drop(sender.send(answer));
            page(StatusCode::OK, message)
        }
        None => page(
            StatusCode::OK,
            "HubSpot's answer arrived earlier. You can close this page.",
        ),
    }
}

impl ExpectedAnswer {
    /// Compares in constant time, so that response times do not reveal the state.
    fn has_state(&self, state: Option<&str>) -> bool {
        let expected = self.state.expose().as_bytes();
        state.is_some_and(|state| state.as_bytes().ct_eq(expected).into())
    }
}

/// The value of a parameter, unless it is given twice or is too long.
fn single_parameter(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let (_, value) = values.next()?;
    (values.next().is_none() && value.len() <= MAX_PARAMETER_BYTES).then(|| value.into_owned())
}

/// An error code without the characters that could control a terminal, and at most 64 characters long.
fn to_printable_code(error: &str) -> String {
    let kept = error
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_');
    kept.take(64).collect()
}

/// A page that loads nothing else, is not cached, and does not pass on its address, which contains the code.
fn page(status: StatusCode, message: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>hubsync</title><p>{message}</p></html>\n"
    );
    (status, headers, body).into_response()
}
