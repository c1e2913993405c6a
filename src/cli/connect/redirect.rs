//! Waits on this machine for the browser that HubSpot sends back. Only an answer with the right state counts: any program
//! on this machine, and any page in the browser, can send others, which neither end the wait nor are believed.

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

/// How long the browser has to take its page once the answer is here.
const TIME_FOR_PAGE: Duration = Duration::from_secs(1);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// No code and no error of HubSpot is longer.
const MAX_LENGTH: usize = 2_048;

/// Why the browser cannot be sent back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedirectError {
    /// It would go elsewhere.
    #[error(
        "--redirect-uri must begin with http:// and name this machine (localhost, 127.0.0.1 or [::1]), without a query \
         or a fragment, as in http://localhost:3034/oauth/callback"
    )]
    Unfit,
    /// Something else listens there.
    #[error(
        "port {0} is in use by another program; end that one, or name another port with --redirect-uri and register that \
         address in the app's settings in HubSpot"
    )]
    InUse(u16),
    /// Nobody can listen there.
    #[error("port {port} cannot be listened on: {cause}; name another one with --redirect-uri")]
    Listen {
        /// Which.
        port: u16,
        /// Why.
        cause: io::Error,
    },
}

/// What HubSpot said.
#[derive(Debug)]
pub(super) enum Answer {
    /// The person consented.
    Code(Secret),
    /// The person or HubSpot did not.
    Error(String),
}

/// Listens for the browser.
pub(super) struct Redirect {
    listeners: Vec<TcpListener>,
    uri: Url,
}

impl Redirect {
    /// Listens where that address leads, and nowhere else. Port 0 takes any that is free.
    pub(super) async fn listen(uri: &Url) -> Result<Self, RedirectError> {
        if !is_this_machine(uri)
            || uri.query().is_some()
            || uri.fragment().is_some()
            || !uri.username().is_empty()
        {
            return Err(RedirectError::Unfit);
        }
        let wanted = uri.port_or_known_default().unwrap_or(80);
        let is_v6 = matches!(uri.host(), Some(Host::Ipv6(_)));
        let first = bind(if is_v6 { V6 } else { V4 }, wanted).await?;
        let port = first.local_addr().map_or(wanted, |address| address.port());
        let mut listeners = vec![first];
        if matches!(uri.host(), Some(Host::Domain(_))) {
            // A browser may try the other kind of address first: nobody else may listen there. Where this machine has none
            // of that kind, nobody does.
            match bind(V6, port).await {
                Ok(listener) => listeners.push(listener),
                Err(in_use @ RedirectError::InUse(_)) => return Err(in_use),
                Err(RedirectError::Listen { .. } | RedirectError::Unfit) => {}
            }
        }
        let mut uri = uri.clone();
        if wanted == 0 {
            uri.set_port(Some(port)).map_err(|()| RedirectError::Unfit)?;
        }
        Ok(Self { listeners, uri })
    }

    /// The address that the browser is sent back to.
    pub(super) fn uri(&self) -> &Url {
        &self.uri
    }

    /// Waits for the answer with that state; none if there is none in time.
    pub(super) async fn wait(self, state: &Secret, limit: Duration) -> Option<Answer> {
        let (sender, receiver) = oneshot::channel();
        let (stop, stopped) = tokio::sync::watch::channel(());
        let desk = Arc::new(Desk {
            path: self.uri.path().to_owned(),
            state: state.clone(),
            waiting: Mutex::new(Some(sender)),
        });
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            let router = Router::new().fallback(receive).with_state(Arc::clone(&desk));
            let mut stopped = stopped.clone();
            serving.spawn(async move {
                let end = async move { drop(stopped.changed().await) };
                axum::serve(listener, router).with_graceful_shutdown(end).await
            });
        }
        let answer = timeout(limit, receiver).await.ok().and_then(Result::ok);
        // The browser takes its page; a connection that somebody holds open is not waited for.
        drop(stop);
        let all = async { while serving.join_next().await.is_some() {} };
        drop(timeout(TIME_FOR_PAGE, all).await);
        answer
    }
}

/// Whether an address is plain HTTP on this machine.
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

/// What requests are compared with.
struct Desk {
    path: String,
    state: Secret,
    /// Gone once there is an answer.
    waiting: Mutex<Option<oneshot::Sender<Answer>>>,
}

async fn receive(State(desk): State<Arc<Desk>>, method: Method, uri: Uri) -> Response {
    if uri.path() != desk.path {
        return page(StatusCode::NOT_FOUND, "There is nothing here.");
    }
    if method != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "This page can only be read.");
    }
    let query = uri.query().unwrap_or_default();
    if !desk.is_expected(one(query, "state").as_deref()) {
        return page(
            StatusCode::BAD_REQUEST,
            "This request does not come from the page that hubsync connect has asked for, and is ignored. Use the address \
             on the terminal.",
        );
    }
    let answer = match (one(query, "code"), one(query, "error")) {
        (Some(code), None) if !code.is_empty() => Answer::Code(Secret::from(code)),
        (_, Some(error)) => Answer::Error(as_code(&error)),
        (_, None) => {
            return page(
                StatusCode::BAD_REQUEST,
                "There is no answer of HubSpot in this request.",
            );
        }
    };
    let words = match &answer {
        Answer::Code(_) => "HubSpot's answer has arrived. Close this page; the terminal says how it goes on.",
        Answer::Error(_) => "HubSpot did not connect the app. Close this page; the terminal says why.",
    };
    let waiting = desk.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    match waiting {
        Some(waiting) => {
            // Nobody waits any more where the time was over a moment ago.
            drop(waiting.send(answer));
            page(StatusCode::OK, words)
        }
        None => page(StatusCode::OK, "An answer has arrived before. Close this page."),
    }
}

impl Desk {
    /// Compared in constant time, so that the state cannot be found out by trying.
    fn is_expected(&self, state: Option<&str>) -> bool {
        let expected = self.state.expose().as_bytes();
        state.is_some_and(|state| state.as_bytes().ct_eq(expected).into())
    }
}

/// A parameter that is given once and is not longer than any should be.
fn one(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let (_, value) = values.next()?;
    (values.next().is_none() && value.len() <= MAX_LENGTH).then(|| value.into_owned())
}

/// An error's code, fit for a terminal.
fn as_code(error: &str) -> String {
    let kept = error
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_');
    kept.take(64).collect()
}

/// A page that needs nothing else, is kept nowhere, and tells the next page nothing of this one's address.
fn page(status: StatusCode, words: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>hubsync</title><p>{words}</p></html>\n"
    );
    (status, headers, body).into_response()
}
