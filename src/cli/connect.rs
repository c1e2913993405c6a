//! `hubsync connect`: connects an OAuth app to a HubSpot account and keeps the refresh token in its file.
//!
//! A person consents on HubSpot's page, which sends the browser back to this machine with a code; the code is exchanged
//! for a refresh token. Nothing secret is on the command line, on the terminal or on the page that the browser shows.

mod consent_request;
mod redirect;
mod token_file;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use ::runtime::{Shutdown, settings::SettingsError};
use clap::{Args, value_parser};
use hubspot::{
    client::{Connected, Consent, NotConnected, Target, TargetError, connect as exchange},
    connect::ConnectSettings,
};
use url::Url;

use super::{Exit, Failure, confirm::confirm, output::print_raw};
use consent_request::ConsentRequest;
use redirect::{Answer, Redirect, RedirectError};
use token_file::TokenFile;

/// How to connect.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// Where HubSpot sends the browser back to. Register exactly this address in the app's settings in HubSpot. It has
    /// to name this machine, by localhost or 127.0.0.1.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://localhost:3034/oauth/callback",
        overrides_with = "redirect_uri"
    )]
    redirect_uri: Url,
    /// HubSpot's page for connecting an app, as the app's settings show it; for accounts in the European data centre
    /// its host is app-eu1.hubspot.com.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://app.hubspot.com/oauth/authorize"
    )]
    authorize_url: Url,
    /// A scope that the app requires besides crm.objects.contacts.read, crm.objects.contacts.write and oauth. May be
    /// repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// How many seconds to wait for the consent.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Only prints the address of HubSpot's page, and opens no browser.
    #[arg(long)]
    no_browser: bool,
    /// Replaces a refresh token that is in the file already, without asking.
    #[arg(long)]
    yes: bool,
    /// Connects to the HubSpot sandbox at this address instead, to try the command out.
    #[arg(long, value_name = "URL", overrides_with = "sandbox")]
    sandbox: Option<Url>,
}

/// Why no app was connected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The settings have faults.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// HubSpot's page cannot be there.
    #[error(
        "--authorize-url must begin with https://, or with http:// on this machine: people type their passwords there"
    )]
    AuthorizeUrl,
    /// There is no such sandbox.
    #[error("--sandbox {0}")]
    Sandbox(#[from] TargetError),
    /// The credentials of a real app must not reach a sandbox.
    #[error(
        "--sandbox is for the sandbox's own app: set HUBSPOT_OAUTH_CLIENT_ID to sandbox-client; the secret of any other app \
         is not sent there"
    )]
    NotTheSandboxsApp,
    /// The browser cannot be sent back.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// The file cannot be written.
    #[error("the file that HUBSPOT_OAUTH_REFRESH_TOKEN_FILE names cannot be written: {0}")]
    File(#[source] io::Error),
    /// Nobody allowed the connection in the browser in time.
    #[error(
        "nobody consented within {0} s; run connect again, with --timeout for a longer wait; if HubSpot's page shows an \
         error, register the redirect URL in the app's settings in HubSpot"
    )]
    TimedOut(u64),
    /// The person said no.
    #[error("the connection was refused on HubSpot's page (access_denied); run connect again to allow it")]
    Denied,
    /// HubSpot's page said no.
    #[error("HubSpot's page did not connect the app ({0}); look at the app's settings in HubSpot")]
    Failed(String),
    /// HubSpot issued no tokens.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
}

/// Client ids of sandboxes begin like this; those of HubSpot are UUIDs.
const OF_SANDBOXES: &str = "sandbox-";

pub(crate) async fn run(connect: &Connect) -> Result<Exit, Failure> {
    let settings = ConnectSettings::load().map_err(ConnectError::from)?;
    let (target, page) = connect.places(&settings)?;
    if settings.refresh_token_file.exists() {
        let file = settings.refresh_token_file.display();
        confirm(
            &format!("{file} holds a refresh token, which will be replaced."),
            connect.yes,
        )?;
    }
    let shutdown = Shutdown::on_signals().map_err(Failure::Signals)?;
    // Whatever may fail fails before a person is sent to HubSpot: the code that follows is good once.
    let file = TokenFile::prepare(&settings.refresh_token_file).map_err(ConnectError::File)?;
    let redirect = Redirect::listen(&connect.redirect_uri)
        .await
        .map_err(ConnectError::from)?;
    let request = ConsentRequest::new(&page, &settings.client_id, redirect.uri(), &connect.scopes);
    connect.tell(&request, &redirect)?;
    let connecting = connect.finish(&settings, &target, request, redirect);
    let connected = shutdown.or(connecting).await.ok_or(Failure::Stopped)??;
    file.keep(&connected.refresh_token).map_err(ConnectError::File)?;
    print_raw(&closing_words(&settings, &connected))?;
    Ok(Exit::Well)
}

impl Connect {
    /// HubSpot's API and its page for consent.
    fn places(&self, settings: &ConnectSettings) -> Result<(Target, Url), ConnectError> {
        if let Some(sandbox) = &self.sandbox {
            if !settings.client_id.starts_with(OF_SANDBOXES) {
                return Err(ConnectError::NotTheSandboxsApp);
            }
            let target = Target::sandbox(sandbox.as_str(), settings.version)?;
            let page = sandbox
                .join("/oauth/authorize")
                .map_err(|_| ConnectError::AuthorizeUrl)?;
            return Ok((target, page));
        }
        let is_safe =
            self.authorize_url.scheme() == "https" || redirect::is_this_machine(&self.authorize_url);
        if !is_safe || self.authorize_url.cannot_be_a_base() {
            return Err(ConnectError::AuthorizeUrl);
        }
        Ok((Target::hubspot(settings.version), self.authorize_url.clone()))
    }

    /// Says what is to be done in the browser, and opens it where a person is there.
    fn tell(&self, request: &ConsentRequest, redirect: &Redirect) -> io::Result<()> {
        let (page, uri, wait) = (request.page(), redirect.uri(), self.timeout);
        print_raw(&format!(
            "Redirect URL  {uri}\n\
             It has to be registered in the app's settings in HubSpot exactly like that.\n\n\
             Open this page, choose the HubSpot account, and allow the connection:\n\n  {page}\n\n\
             Waiting for up to {wait} s. Ctrl-C ends it and changes nothing.\n"
        ))?;
        if !self.no_browser && io::stdout().is_terminal() {
            // Where there is no browser, the address is on the terminal.
            drop(open::that_detached(page.as_str()));
        }
        Ok(())
    }

    async fn finish(
        &self,
        settings: &ConnectSettings,
        target: &Target,
        request: ConsentRequest,
        redirect: Redirect,
    ) -> Result<Connected, ConnectError> {
        let redirect_uri = redirect.uri().to_string();
        let wait = Duration::from_secs(self.timeout);
        let code = match redirect.wait(request.state(), wait).await {
            None => return Err(ConnectError::TimedOut(self.timeout)),
            Some(Answer::Code(code)) => code,
            Some(Answer::Error(error)) if error == "access_denied" => return Err(ConnectError::Denied),
            Some(Answer::Error(error)) => return Err(ConnectError::Failed(error)),
        };
        let consent = Consent {
            code,
            redirect_uri,
            verifier: request.into_verifier(),
        };
        Ok(exchange(target, &settings.client_id, &settings.client_secret, &consent).await?)
    }
}

fn closing_words(settings: &ConnectSettings, connected: &Connected) -> String {
    let account = connected.account_id.as_deref();
    let account = account.map_or_else(
        || "a HubSpot account that HubSpot does not name".to_owned(),
        |account_id| format!("the HubSpot account {account_id}"),
    );
    let file = settings.refresh_token_file.display();
    format!(
        "\nConnected {account}. If that is not the account you chose, remove the app from it and run connect again.\n\
         The refresh token is in {file}.\n\
         Start hubsync now (cargo run -- --data .hubsync-live, or the hubspot service); one that runs takes the token up \
         within seconds.\n"
    )
}
